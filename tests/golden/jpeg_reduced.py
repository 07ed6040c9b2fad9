"""JPEGs that PIL's `Image.draft` reads at 1/2, 1/4 and 1/8 of their size (libjpeg's DCT scaling), and views of such pixels."""

import base64
import hashlib
import io
import math

import numpy as np
from PIL import Image

from augmentation import PHOTOGRAPHS

REDUCTIONS = [8, 4, 2]

# Width, height, options of PIL's writer. Sides that are no multiples of blocks; all, half and a quarter of the chroma.
CASES = {
    "quarter": (301, 203, {"quality": 75, "subsampling": "4:2:0"}),
    "quarter, best": (128, 96, {"quality": 100, "subsampling": "4:2:0"}),
    "quarter, poor": (250, 131, {"quality": 8, "subsampling": "4:2:0"}),
    "quarter, restarts": (183, 166, {"quality": 60, "subsampling": "4:2:0", "restart_marker_blocks": 3, "optimize": True}),
    "half": (277, 151, {"quality": 85, "subsampling": "4:2:2"}),
    "all": (170, 245, {"quality": 85, "subsampling": "4:4:4"}),
    "gray": (277, 151, {"quality": 75}),
    "noise": (140, 84, {"quality": 95, "subsampling": "4:2:0"}),
}

# Left, top, width, height as shares of the picture: whole, at an edge, tall, wide, in the midst.
CROPS = [(0, 0, 1, 1), (0.31, 0.2, 0.69, 0.8), (0.13, 0.02, 0.4, 0.97), (0.07, 0.41, 0.9, 0.45), (0.21, 0.33, 0.6, 0.61)]
SIZES = [8, 13, 30]


def expected() -> dict:
    return {"jpeg_reduced.json": {name: case(name, *of) for name, of in CASES.items()}}


def case(name: str, width: int, height: int, options: dict) -> dict:
    picture = PHOTOGRAPHS["coffee"].resize((width, height))
    if name == "gray":
        picture = picture.convert("L")
    if name == "noise":
        picture = Image.fromarray(np.random.default_rng(0).integers(0, 256, (height, width, 3), np.uint8))
    file = io.BytesIO()
    picture.save(file, "JPEG", **options)
    reduced = {by: decoded(file, by) for by in [*REDUCTIONS, 1]}
    crops = [[round(share * side) for share, side in zip(crop, (width, height) * 2)] for crop in CROPS]
    return {
        "size": [width, height],
        "jpeg": base64.b64encode(file.getvalue()).decode(),
        "reduced": {str(by): hash_of(reduced[by]) for by in REDUCTIONS},
        "views": {str(i): view(reduced, crop, size, name == "half") for i, (crop, size) in enumerate((c, s) for c in crops for s in SIZES)},
    }


def decoded(file: io.BytesIO, by: int) -> Image.Image:
    picture = Image.open(file)
    width, height = picture.size
    if by > 1:
        picture.draft(None, (width // by, height // by))
    assert picture.size == (math.ceil(width / by), math.ceil(height / by))
    return picture.convert("RGB")


def view(reduced: dict, crop: list, size: int, half: bool) -> dict:
    """The crop as it lies on the smallest picture that has its pixels; of a 4:2:2 chroma must have them too."""
    left, top, width, height = crop
    columns = 2 if half else 1
    by = next((by for by in REDUCTIONS if columns * by <= 8 and width >= columns * by * size and height >= by * size), 1)
    edges = [left / by, top / by, (left + width) / by, (top + height) / by]
    cut = [math.floor(edges[0]), math.floor(edges[1]), math.ceil(edges[2]), math.ceil(edges[3])]
    box = [edge - cut[i % 2] for i, edge in enumerate(edges)]
    pixels = reduced[by].crop(cut).resize((size, size), Image.Resampling.BILINEAR, box=box)
    return {"crop": crop, "side": size, "by": by, "sha256": hash_of(pixels)}


def hash_of(picture: Image.Image) -> str:
    return hashlib.sha256(np.asarray(picture).tobytes()).hexdigest()[:16]
