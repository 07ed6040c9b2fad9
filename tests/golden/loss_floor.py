"""What objectives tell their losses are measured against, by NumPy in float64: entropies of the teacher's distributions."""

import numpy as np

from fingerprint import rounded
from formula import unit

DIM, QUEUE = 8, 12


def expected() -> dict:
    return {
        "loss_floor.json": {
            "seed": {
                f"batch {batch}, teacher temperature {tau}": seed(batch, tau)
                for batch in (4, 1)
                for tau in (0.04, 0.01, 1e-4)
            },
            "compress": {f"batch {batch}": compress(batch) for batch in (4, 1)},
        }
    }


def unit_rows(name: str, rows: int) -> np.ndarray:
    """The rows of losses.py."""
    values = (2 * unit(name, rows * DIM) - 1).astype(np.float32).astype(np.float64).reshape(rows, DIM)
    return as_float32(values / np.linalg.norm(values, axis=1, keepdims=True))


def queue(batch: int) -> np.ndarray:
    near = unit_rows("teacher", batch) + 0.1 * unit_rows("noise", batch)
    near = as_float32(near / np.linalg.norm(near, axis=1, keepdims=True))
    return np.concatenate([near, unit_rows("queue", QUEUE - batch)])


def seed(batch: int, tau: float) -> dict:
    """H(p_T) over D+ = [z_T; D], which is the minimum of the cross-entropy; and ln(K + 1)."""
    teacher, d = unit_rows("teacher", batch), queue(batch)
    entropies = [entropy(np.concatenate([[t], d]) @ t / tau) for t in teacher]
    return {"floor": rounded(np.mean(entropies)), "uniform": rounded(np.log(QUEUE + 1))}


def compress(batch: int) -> dict:
    """KL(p || uniform over the queue)."""
    teacher, d = unit_rows("teacher", batch), queue(batch)
    divergences = [np.log(QUEUE) - entropy(d @ t / 0.04) for t in teacher]
    return {"floor": 0.0, "uniform": rounded(np.mean(divergences))}


def entropy(logits: np.ndarray) -> float:
    p = np.exp(logits - logits.max())
    p = p / p.sum()
    return float(-np.sum(p[p > 0] * np.log(p[p > 0])))


def as_float32(values: np.ndarray) -> np.ndarray:
    return values.astype(np.float32).astype(np.float64)
