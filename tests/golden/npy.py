"""A matrix as NumPy saves it, and a header of a larger one."""

import base64
import io

import numpy as np


def expected() -> dict:
    matrix = np.arange(15, dtype=np.float32).reshape(5, 3) / 8 - 1
    large = np.zeros((12345, 2), dtype=np.float32)
    return {"npy.json": {"5x3": saved(matrix), "12345x2 header": saved(large, 128)}}


def saved(matrix: np.ndarray, length: int | None = None) -> str:
    file = io.BytesIO()
    np.save(file, matrix)
    return base64.b64encode(file.getvalue()[:length]).decode()
