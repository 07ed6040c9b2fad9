"""Evaluation views of noise: torchvision's Resize and CenterCrop on PIL images."""

import base64

import numpy as np
from PIL import Image
from torchvision.transforms import CenterCrop, Compose, InterpolationMode, Resize

from formula import unit

# Width, height, size of the view, short side: shrinking, enlarging, odd margins of both roundings, and height
# before width and after.
CASES = [
    (37, 29, 16, 18),
    (20, 50, 16, 18),
    (9, 7, 16, 18),
    (123, 61, 8, 9),
    (90, 131, 24, 30),
    (64, 48, 16, 32),
    (33, 32, 30, 33),
    (40, 44, 30, 32),
    (44, 60, 30, 40),
]


def expected() -> dict:
    return {"center_view.json": {"x".join(map(str, case)): view(*case) for case in CASES}}


def view(width: int, height: int, size: int, short_side: int) -> str:
    pixels = np.floor(256 * unit(f"picture.{width}.{height}", height * width * 3)).astype(np.uint8)
    picture = Image.fromarray(pixels.reshape(height, width, 3))
    center = Compose([Resize(short_side, InterpolationMode.BICUBIC), CenterCrop(size)])(picture)
    return base64.b64encode(np.asarray(center).tobytes()).decode()
