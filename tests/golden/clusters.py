"""Noisy clusters as embeddings."""

import numpy as np

from formula import uniform

DIM, CLASSES = 8, 5


def clusters(name: str, rows: int) -> np.ndarray:
    """Row i belongs to class i % CLASSES; norms differ, which cosine must not see."""
    centres = uniform("centres", (CLASSES, DIM)).numpy()
    noise, scale = uniform(name, (rows, DIM)).numpy(), uniform(f"{name}.scale", (rows, 1), 0.5, 2.0).numpy()
    return ((centres[np.arange(rows) % CLASSES] + noise) * scale).astype(np.float32).astype(np.float64)
