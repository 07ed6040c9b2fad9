"""The SEED step of ../seed_step_bench.ts in PyTorch: python seed_step.py BATCH SIZE QUEUE THREADS"""

import sys

import numpy as np
import timm
import torch
import torch.nn.functional as F
from torch import nn

from serve import serve

BATCH, SIZE, QUEUE, THREADS = map(int, sys.argv[1:5])
DIM, TAU_S, TAU_T = 128, 0.2, 0.01
MEAN = torch.tensor([0.485, 0.456, 0.406]).mul(255).view(1, 3, 1, 1)
STD = torch.tensor([0.229, 0.224, 0.225]).mul(255).view(1, 3, 1, 1)

torch.set_num_threads(THREADS)
torch.manual_seed(0)


def head(features):
    return nn.Sequential(nn.Linear(features, features), nn.ReLU(inplace=True), nn.Linear(features, DIM))


def views(pixels):
    """[batch, size, size, 3] uint8 to normalised channels-last float32."""
    images = torch.from_numpy(pixels).permute(0, 3, 1, 2).float()  # a permuted NHWC array is channels-last
    return images.sub_(MEAN).div_(STD)


def seed_loss(zs, zt, queue):
    student = torch.cat([(zs * zt).sum(1, keepdim=True), zs @ queue], 1) / TAU_S
    target = torch.cat([(zt * zt).sum(1, keepdim=True), zt @ queue], 1) / TAU_T
    return -(F.softmax(target, 1) * F.log_softmax(student, 1)).sum(1).mean()


class Step:
    """One way to run the step, with a student of its own."""

    def __init__(self, teacher, compiled, bf16, student_bf16=False):
        student = timm.create_model("efficientnet_b0", num_classes=DIM)
        student.classifier = head(student.num_features)
        student.train().to(memory_format=torch.channels_last)
        self.optimizer = torch.optim.SGD(student.parameters(), 0.03, momentum=0.9, weight_decay=1e-4)
        self.queue, self.pointer = F.normalize(torch.randn(DIM, QUEUE), dim=0), 0
        self.bf16, self.student_bf16 = bf16, student_bf16
        self.teacher, self.student, self.loss = teacher, student, seed_loss
        if compiled:
            # Frozen: inductor folds the batch norms and packs the weights, as our teacher has it.
            self.teacher = torch.compile(teacher, options={"freezing": True})
            self.student, self.loss = torch.compile(student), torch.compile(seed_loss)

    def embed(self, images):
        with torch.no_grad(), torch.autocast("cpu", dtype=torch.bfloat16, enabled=self.bf16):
            return F.normalize(self.teacher(images).float(), dim=1)

    def __call__(self):
        images = views(PIXELS)
        zt = self.embed(images)
        with torch.autocast("cpu", dtype=torch.bfloat16, enabled=self.student_bf16):
            zs = self.student(images)
        zs = F.normalize(zs.float(), dim=1)
        loss = self.loss(zs, zt, self.queue)
        self.optimizer.zero_grad()
        loss.backward()
        self.optimizer.step()
        self.queue[:, self.pointer : self.pointer + BATCH] = zt.T
        self.pointer = (self.pointer + BATCH) % QUEUE
        if not torch.isfinite(loss):
            raise RuntimeError(f"The loss is {loss.item()}")


PIXELS = np.random.default_rng(0).integers(0, 256, (BATCH, SIZE, SIZE, 3), dtype=np.uint8)
TEACHER = timm.create_model("resnet50", num_classes=DIM)
TEACHER.fc = head(TEACHER.num_features)
TEACHER.eval().requires_grad_(False).to(memory_format=torch.channels_last)

STEPS = {
    "fp32": Step(TEACHER, compiled=False, bf16=False),
    "bf16": Step(TEACHER, compiled=False, bf16=True),
    "compile": Step(TEACHER, compiled=True, bf16=False),
    "compile bf16": Step(TEACHER, compiled=True, bf16=True),
    "compile, all in bf16": Step(TEACHER, compiled=True, bf16=True, student_bf16=True),
}
TEACHERS = {f"{name} teacher": lambda step=step: step.embed(views(PIXELS)) for name, step in STEPS.items()}

serve({**STEPS, **TEACHERS}, {"PyTorch": torch.__version__, "timm": timm.__version__})
