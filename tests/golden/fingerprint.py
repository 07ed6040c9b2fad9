"""A few numbers that stand for a large array. The twin of fingerprint.ts."""

import numpy as np
import torch

from formula import unit


def fingerprint(array: torch.Tensor, projections=4, samples=4) -> dict:
    """Root mean square, dot products with fixed noise (over sqrt(n)), and evenly spaced elements."""
    x = array.detach().double().numpy().reshape(-1)
    noise = (2 * unit(f"projection.{k}", x.size) - 1 for k in range(projections))
    return {
        "rms": rounded(np.sqrt(np.mean(x * x))),
        "projections": [rounded(np.dot(x, u) / np.sqrt(x.size)) for u in noise],
        "samples": [rounded(x[i * x.size // samples]) for i in range(samples)],
    }


def rounded(value: float) -> float:
    """Nine significant digits: what float32 can tell apart."""
    return float(f"{value:.9g}")
