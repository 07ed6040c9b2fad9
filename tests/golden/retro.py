"""Retro: an adapter before a teacher's frozen head, of three publishers' shapes, under DisCo's distance, by PyTorch in
float64."""

import torch
import torch.nn.functional as F
from torch import nn

from fingerprint import rounded
from formula import fill, uniform

FEATURES, TEACHER, DIM, BATCH = 6, 8, 5, 4

HEADS = {
    "moco v1": lambda: nn.Sequential(nn.Linear(TEACHER, DIM)),
    "moco v2": lambda: nn.Sequential(nn.Linear(TEACHER, TEACHER), nn.ReLU(), nn.Linear(TEACHER, DIM)),
    "swav": lambda: nn.Sequential(nn.Linear(TEACHER, 7), nn.BatchNorm1d(7), nn.ReLU(), nn.Linear(7, DIM)),
    "simsiam": lambda: nn.Sequential(nn.Linear(TEACHER, DIM, bias=False), nn.BatchNorm1d(DIM, affine=False)),
}


def expected() -> dict:
    return {"retro.json": {name: retro(make()) for name, make in HEADS.items()}}


def retro(head: nn.Module) -> dict:
    adapter = fill(nn.Linear(FEATURES, TEACHER), prefix="adapter.")
    fill(head, prefix="teacher.").eval().requires_grad_(False)
    target = F.normalize(uniform("target", (BATCH, DIM))).float().double()
    embedding = head(adapter(uniform("features", (BATCH, FEATURES))))
    loss = nn.MSELoss(reduction="sum")(F.normalize(embedding), target) / BATCH
    loss.backward()
    return {
        "embedding": flat(embedding.detach()),
        "loss": rounded(loss.item()),
        "weight": flat(adapter.weight.grad),
        "bias": flat(adapter.bias.grad),
    }


def flat(values: torch.Tensor) -> list[float]:
    return [rounded(x) for x in values.flatten().tolist()]
