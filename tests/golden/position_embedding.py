"""Matrices of the interpolations of one grid's positions for another, by PyTorch's `interpolate`."""

import torch
import torch.nn.functional as F

from fingerprint import fingerprint

# Smaller, larger, and by one; from DINO's and DINOv2's grids.
SIZES = [(14, 2), (14, 6), (14, 15), (14, 30), (37, 1), (37, 16), (37, 38)]


def expected() -> dict:
    cases = {}
    for count, target in SIZES:
        cases[f"{count} to {target}, offset"] = matrix(count, scale_factor=((target + 0.1) / count, 1.0))
        cases[f"{count} to {target}, antialiased"] = matrix(count, size=(target, 2), antialias=True)
    return {"position_embedding.json": cases}


def matrix(count: int, **options) -> dict:
    """What becomes of each unit vector, down a grid of two equal columns: `[target, count]`. (Of a
    single column, PyTorch 2.15 repeats the first row where it antialiases.)"""
    units = torch.eye(count, dtype=torch.float64).reshape(1, count, count, 1).repeat(1, 1, 1, 2)
    columns = F.interpolate(units, mode="bicubic", **options)
    return fingerprint(columns[0, :, :, 0].T)
