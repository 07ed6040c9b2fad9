"""The SEED step of step.ts in PyTorch at its best on a card: python peer.py JSON; peer.ts has what the JSON says."""

import json
import sys
import time

import numpy as np
import timm
import torch
import torch.nn.functional as F
from torch import nn

GIVEN = json.loads(sys.argv[1])
BATCH, SIZE, QUEUE = GIVEN["batch"], GIVEN["size"], GIVEN["queue"]
DIM, TAU_S, TAU_T = 128, 0.2, 0.01

if torch.cuda.is_available():
    DEVICE = "cuda"
elif GIVEN["may_use_processor"]:
    DEVICE = "cpu"
else:
    sys.exit("PyTorch sees no card: torch.cuda.is_available() is False")

torch.manual_seed(0)
torch.backends.cudnn.benchmark = True
MEAN = torch.tensor([0.485, 0.456, 0.406], device=DEVICE).mul(255).view(1, 3, 1, 1)
STD = torch.tensor([0.229, 0.224, 0.225], device=DEVICE).mul(255).view(1, 3, 1, 1)


def head(features):
    return nn.Sequential(nn.Linear(features, features), nn.ReLU(inplace=True), nn.Linear(features, DIM))


def network(name, last):
    made = timm.create_model(name, num_classes=DIM)
    setattr(made, last, head(getattr(made, last).in_features))
    return made.to(DEVICE, memory_format=torch.channels_last)


def views(pixels):
    """[batch, size, size, 3] uint8 on the device to normalised channels-last float32."""
    return (pixels.permute(0, 3, 1, 2).float() - MEAN) / STD  # a permuted NHWC array is channels-last


def seed_loss(zs, zt, queue):
    student = torch.cat([(zs * zt).sum(1, keepdim=True), zs @ queue], 1) / TAU_S
    target = torch.cat([(zt * zt).sum(1, keepdim=True), zt @ queue], 1) / TAU_T
    return -(F.softmax(target, 1) * F.log_softmax(student, 1)).sum(1).mean()


STUDENT = network(GIVEN["student"], "fc" if GIVEN["student"].startswith("resnet") else "classifier").train()
TEACHER = network(GIVEN["teacher"], "fc").eval().requires_grad_(False)
OPTIMIZER = torch.optim.SGD(STUDENT.parameters(), 0.03, momentum=0.9, weight_decay=1e-4, fused=DEVICE == "cuda")
BANK = F.normalize(torch.randn(DIM, QUEUE, device=DEVICE), dim=0)
POINTER = 0


def embed(pixels):
    with torch.autocast(DEVICE, dtype=torch.bfloat16):
        rows = TEACHER(views(pixels))
    return F.normalize(rows.float(), dim=1)


def student_loss(pixels, zt, queue):
    with torch.autocast(DEVICE, dtype=torch.bfloat16):
        rows = STUDENT(views(pixels))
    return seed_loss(F.normalize(rows.float(), dim=1), zt, queue)


COMPILED = {
    "default": {"teacher": {"options": {"freezing": True}}, "student": {}},
    "max-autotune": {"teacher": {"mode": "max-autotune"}, "student": {"mode": "max-autotune"}},
}[GIVEN["mode"]]
embed = torch.compile(embed, **COMPILED["teacher"])
student_loss = torch.compile(student_loss, **COMPILED["student"])

HOST = torch.from_numpy(np.random.default_rng(0).integers(0, 256, (BATCH, SIZE, SIZE, 3), dtype=np.uint8))
if DEVICE == "cuda":
    HOST = HOST.pin_memory()


LAST = None


def step():
    global POINTER, LAST
    pixels = HOST.to(DEVICE, non_blocking=True)
    with torch.no_grad():
        zt = embed(pixels).clone()  # a graph of CUDA's writes into the same memory again
    loss = student_loss(pixels, zt, BANK)
    OPTIMIZER.zero_grad(set_to_none=True)
    loss.backward()
    OPTIMIZER.step()
    BANK[:, POINTER : POINTER + BATCH] = zt.T
    POINTER = (POINTER + BATCH) % QUEUE
    # That of the step before, as our steps do: the card has work while the processor waits.
    previous, LAST = LAST, loss.detach().clone()
    value = 0.0 if previous is None else previous.item()
    if not np.isfinite(value):
        raise RuntimeError(f"The loss is {value}")


def once():
    started = time.perf_counter()
    step()
    return 1000 * (time.perf_counter() - started)


first = once()
for _ in range(GIVEN["before"]):
    once()
times, end = [], time.perf_counter() + GIVEN["seconds"]
while len(times) < GIVEN["steps"] and (not times or time.perf_counter() < end):
    times.append(once())
times.sort()
median = times[len(times) // 2]
print(json.dumps({
    "versions": {"PyTorch": torch.__version__, "timm": timm.__version__, "CUDA": torch.version.cuda},
    "device": torch.cuda.get_device_name() if DEVICE == "cuda" else "processor",
    "imagesPerSecond": 1000 * BATCH / median,
    "whole": {"firstMs": first, "medianMs": median, "leastMs": times[0], "count": len(times)},
    "memory": {"peak": torch.cuda.max_memory_allocated()} if DEVICE == "cuda" else None,
}))
