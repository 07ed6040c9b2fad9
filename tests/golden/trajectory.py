"""Training runs of SEED, MoCo-v2 and SEED's successors, step by step, as plain PyTorch programs in float64.

Written from the papers and their released code (jacobswan1/SEED, facebookresearch/moco, UMBCvision/CompRess, SimReg,
Yuting-Gao/DisCo-pytorch, haohang96/bingo), with nothing of this project's but its formula for weights and images. A
teacher's embeddings are a formula's too. The student is a ResNet-18.

Run as a program, this prints how far float32 drifts from float64 in PyTorch itself, per method: what a tolerance of
1e-4 is to be measured by.
"""

import copy
import math

import torch
import torch.nn.functional as F
from torch import nn

from fingerprint import fingerprint, rounded
from formula import normalized, uniform, weight
from resnets import resnet

MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
BATCH, DIM, QUEUE = 16, 16, 64
# Small steps: at fifteen times this rate the rounding of a value near a ReLU's bend decides where the run goes. Decay is strong to count.
LR, MOMENTUM, WEIGHT_DECAY = 2e-5, 0.9, 0.5
WARMUP, TOTAL = 10, 50
# The run goes round these: with new images for every step it would be chaotic, and float32 soon elsewhere.
BATCHES = 2


def expected() -> dict:
    return {"trajectory.json": {name: run(name, torch.float64) for name in METHODS}}


class Student(nn.Module):
    """A backbone and a head whose values are the formula's, by the names that this project gives them."""

    def __init__(self, head, dtype):
        super().__init__()
        self.backbone = resnet(18)
        self.head = head(self.backbone.num_features)
        self.to(dtype)
        state = self.state_dict()
        for name, value in state.items():
            if not name.endswith("num_batches_tracked"):
                value.copy_(weight(name.removeprefix("backbone."), value.shape))

    def forward(self, images):
        return F.normalize(self.head(self.backbone(images)), dim=1)


def mlp(features: int) -> nn.Module:
    return nn.Sequential(nn.Linear(features, features), nn.ReLU(), nn.Linear(features, DIM))


def single(features: int) -> nn.Module:
    return nn.Sequential(nn.Linear(features, DIM))


def deep(features: int) -> nn.Module:
    """SimReg's four layers: two of a projection, two of a prediction, with nothing between the two heads."""
    layers = []
    for inputs, outputs in ((features, features), (features, DIM)):
        wide = 2 * features
        layers += [nn.Linear(inputs, wide), nn.BatchNorm1d(wide), nn.ReLU(), nn.Linear(wide, outputs)]
    return nn.Sequential(*layers)


class Queue:
    def __init__(self, name: str, dtype):
        self.rows = F.normalize(uniform(name, (QUEUE, DIM)), dim=1).to(dtype)
        self.pointer = 0

    def enqueue(self, rows):
        self.rows = self.rows.clone()
        self.rows[self.pointer : self.pointer + len(rows)] = rows.detach()
        self.pointer = (self.pointer + len(rows)) % QUEUE


class Batch:
    """Views of a step's images, and a teacher's embeddings of them."""

    def __init__(self, step: int, dtype):
        self.number, self.dtype = step % BATCHES, dtype

    def view(self, name="view 0", size=64):
        return normalized(f"{name}, batch {self.number}", BATCH, size, MEAN, STD).to(self.dtype)

    def teacher(self, name="view 0"):
        return F.normalize(uniform(f"teacher of {name}, batch {self.number}", (BATCH, DIM)), dim=1).to(self.dtype)


def cross_entropy_over(queue, z_s, z_t, own, tau_s=0.2, tau_t=0.01):
    """SEED's: the image's own teacher embedding is slot 0 of the queue."""
    teacher = torch.cat([(z_t * own).sum(1, keepdim=True), z_t @ queue.T], dim=1) / tau_t
    student = torch.cat([(z_s * own).sum(1, keepdim=True), z_s @ queue.T], dim=1) / tau_s
    return -(F.softmax(teacher, dim=1) * F.log_softmax(student, dim=1)).sum(1).mean()


def info_nce(q, k, queue, temperature=0.2):
    logits = torch.cat([(q * k).sum(1, keepdim=True), q @ queue.T], dim=1) / temperature
    return F.cross_entropy(logits, torch.zeros(len(q), dtype=torch.long))


class Method:
    def groups(self):
        """What is trained, and how many times the rate each part has."""
        yield {"params": list(self.student.parameters()), "weight_decay": WEIGHT_DECAY, "factor": 1}


class Seed(Method):
    head, steps = staticmethod(mlp), 50

    def __init__(self, student, dtype):
        self.student, self.queue = student, Queue("queue", dtype)

    def loss(self, batch):
        z_s, z_t = self.student(batch.view()), batch.teacher()
        loss = cross_entropy_over(self.queue.rows, z_s, z_t, z_t)
        self.queue.enqueue(z_t)
        return loss


class FineTuned(Seed):
    """Stages that stay, one of them between two that are trained; their batch norms as in evaluation. A rate of the
    head's own, and decay of weights alone."""

    steps, FROZEN, HEAD_RATE = 10, ("conv1", "bn1", "layer1", "layer3.0"), 5

    def __init__(self, student, dtype):
        super().__init__(student, dtype)
        for name in self.FROZEN:
            student.backbone.get_submodule(name).eval().requires_grad_(False)

    def groups(self):
        trained = [(name, p) for name, p in self.student.named_parameters() if p.requires_grad]
        for is_head in (False, True):
            for dims in (False, True):
                own = [p for name, p in trained if name.startswith("head.") == is_head and (p.ndim > 1) == dims]
                factor = self.HEAD_RATE if is_head else 1
                yield {"params": own, "weight_decay": WEIGHT_DECAY if dims else 0, "factor": factor}


class SmallPatches(Seed):
    """One view and three patches of half its side: passes and queues apart, the first patch's rows are enqueued."""

    steps, PATCHES = 10, 3

    def __init__(self, student, dtype):
        super().__init__(student, dtype)
        self.small_queue = Queue("small queue", dtype)

    def loss(self, batch):
        large = super().loss(batch)
        names = [f"patch {i}" for i in range(self.PATCHES)]
        z_s = self.student(torch.cat([batch.view(name, 32) for name in names]))
        z_t = torch.cat([batch.teacher(name) for name in names])
        small = cross_entropy_over(self.small_queue.rows, z_s, z_t, z_t)
        self.small_queue.enqueue(z_t[:BATCH])
        return large + small


class Moco(Method):
    """Two processes' worth of batch norms: queries in halves, keys in halves of every second image."""

    head, steps, SPLITS = staticmethod(mlp), 50, 2

    def __init__(self, student, dtype):
        self.student, self.queue = student, Queue("queue", dtype)
        self.key_encoder = copy.deepcopy(student).requires_grad_(False)

    def loss(self, batch):
        for slow, fast in zip(self.key_encoder.parameters(), self.student.parameters()):
            slow.mul_(0.99).add_(0.01 * fast.detach())
        q = self.in_parts(batch.view())
        with torch.no_grad():
            k = self.keys(batch.view("view 1"))
        loss = info_nce(q, k, self.queue.rows)
        self.queue.enqueue(k)
        return loss

    def in_parts(self, images):
        first, *others = images.chunk(self.SPLITS)
        queries = [self.student(first)]
        statistics = {name: buffer.clone() for name, buffer in self.student.named_buffers()}
        queries += [self.student(part) for part in others]
        for name, buffer in self.student.named_buffers():
            buffer.data = statistics[name]  # what is saved is one process's
        return torch.cat(queries)

    def keys(self, images):
        keys = torch.empty(BATCH, DIM, dtype=images.dtype)
        for i in range(self.SPLITS):
            keys[i :: self.SPLITS] = self.key_encoder(images[i :: self.SPLITS])
        return keys


class Disco(Moco):
    """MoCo, and four times the squared distances of both views from the teacher; one pass a view and process."""

    steps, WEIGHT = 10, 4

    def loss(self, batch):
        contrast = super().loss(batch)
        qk = super().in_parts(batch.view("view 1"))
        squares = nn.MSELoss(reduction="sum")
        distance = squares(self.q, batch.teacher("view 0")) + squares(qk, batch.teacher("view 1"))
        return contrast + self.WEIGHT * distance / BATCH

    def in_parts(self, images):
        self.q = super().in_parts(images)
        return self.q


class Compress(Method):
    head, steps = staticmethod(single), 10

    def __init__(self, student, dtype):
        self.student, self.queue = student, Queue("queue", dtype)

    def loss(self, batch):
        z_s, z_t, d = self.student(batch.view()), batch.teacher(), self.queue.rows
        self.queue.enqueue(z_t)
        return F.kl_div(F.log_softmax(z_s @ d.T / 0.04, 1), F.softmax(z_t @ d.T / 0.04, 1), reduction="batchmean")


class SimReg(Method):
    head, steps = staticmethod(deep), 10

    def __init__(self, student, dtype):
        self.student = student

    def loss(self, batch):
        return (2 - 2 * torch.einsum("bc,bc->b", self.student(batch.view()), batch.teacher())).mean()


class Bingo(Method):
    """Views 0 and 1 of an image, 2 and 3 of its neighbour; the student sees 0 and 2, the teacher 1 and 3."""

    head, steps = staticmethod(mlp), 10

    def __init__(self, student, dtype):
        self.student, self.queue = student, Queue("queue", dtype)

    def loss(self, batch):
        queries = [self.student(batch.view(f"view {i}")) for i in (0, 2)]
        keys = [batch.teacher(f"view {i}") for i in (1, 3)]
        loss = sum(info_nce(q, k, self.queue.rows) for q in queries for k in keys) / 4
        self.queue.enqueue(keys[0])
        return loss


METHODS = {
    "seed": Seed,
    "seed, fine-tuned": FineTuned,
    "moco": Moco,
    "small patches": SmallPatches,
    "compress": Compress,
    "simreg": SimReg,
    "disco": Disco,
    "bingo": Bingo,
}


def learning_rate(step: int) -> float:
    """Up over the first steps, then down by half a cosine."""
    if step < WARMUP:
        return LR * (step + 1) / (WARMUP + 1)
    return LR * (1 + math.cos(math.pi * (step - WARMUP) / (TOTAL - WARMUP))) / 2


def run(name: str, dtype) -> dict:
    method_of = METHODS[name]
    student = Student(method_of.head, dtype).train()
    method = method_of(student, dtype)
    optimizer = torch.optim.SGD(method.groups(), lr=1.0, momentum=MOMENTUM)
    losses = []
    for step in range(method_of.steps):
        for group in optimizer.param_groups:
            group["lr"] = group["factor"] * learning_rate(step)
        loss = method.loss(Batch(step, dtype))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(rounded(loss.item()))
    state = student.state_dict()
    kept = ["backbone.conv1.weight", "backbone.layer4.1.bn2.running_var", "head.0.weight"]
    return {"losses": losses, "weights": {name.removeprefix("backbone."): fingerprint(state[name]) for name in kept}}


if __name__ == "__main__":
    for name in METHODS:
        exact, single_precision = (run(name, dtype)["losses"] for dtype in (torch.float64, torch.float32))
        drift = max(abs(a - b) / a for a, b in zip(exact, single_precision))
        print(f"{name}: {exact[0]:.4f} to {exact[-1]:.4f}, float32 drifts by {drift:.1e}")
