"""The map of a report: unit rows in the plane of their two principal components, by NumPy's singular values in float64."""

import numpy as np

from fingerprint import rounded
from formula import unit

ROWS, DIM = 40, 24


def expected() -> dict:
    noise = 2 * unit("map.noise", ROWS * DIM).reshape(ROWS, DIM) - 1
    along = np.outer(3 * (2 * unit("map.first", ROWS) - 1), 2 * unit("map.axis", DIM) - 1)
    rows = (noise + along + 0.5).astype(np.float32).astype(np.float64)
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    u, s, _ = np.linalg.svd(rows - rows.mean(axis=0), full_matrices=False)
    return {
        "principal_plane.json": {
            "shares": [rounded(x) for x in (s[:2] ** 2 / np.sum(s**2))],
            "x": [rounded(x) for x in u[:, 0] * s[0]],
            "y": [rounded(x) for x in u[:, 1] * s[1]],
        }
    }
