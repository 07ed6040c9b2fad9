"""JPEGs of a photograph that PIL writes, and the SHA-256 of the pixels that PIL reads."""

import base64
import hashlib
import io

import numpy as np
from PIL import Image

from augmentation import PHOTOGRAPHS

# Width, height, options of PIL's writer. Sides that are no multiples of blocks; all, half and a quarter of the chroma.
CASES = {
    "quarter": (77, 51, {"quality": 75, "subsampling": "4:2:0"}),
    "quarter, best": (64, 48, {"quality": 100, "subsampling": "4:2:0"}),
    "quarter, poor": (150, 113, {"quality": 8, "subsampling": "4:2:0"}),
    "quarter, restarts": (83, 66, {"quality": 60, "subsampling": "4:2:0", "restart_marker_blocks": 3, "optimize": True}),
    "half": (77, 51, {"quality": 85, "subsampling": "4:2:2"}),
    "half, narrow": (9, 61, {"quality": 85, "subsampling": "4:2:2", "optimize": True}),
    "all": (70, 45, {"quality": 85, "subsampling": "4:4:4"}),
    "all, restarts": (33, 40, {"quality": 40, "subsampling": "4:4:4", "restart_marker_rows": 1}),
    "gray": (77, 51, {"quality": 75}),
    "noise": (40, 24, {"quality": 95, "subsampling": "4:2:0"}),
}


def expected() -> dict:
    return {"jpeg.json": {name: case(name, *of) for name, of in CASES.items()}}


def case(name: str, width: int, height: int, options: dict) -> dict:
    picture = PHOTOGRAPHS["coffee"].resize((width, height))
    if name == "gray":
        picture = picture.convert("L")
    if name == "noise":
        picture = Image.fromarray(np.random.default_rng(0).integers(0, 256, (height, width, 3), np.uint8))
    file = io.BytesIO()
    picture.save(file, "JPEG", **options)
    pixels = np.asarray(Image.open(file).convert("RGB"))
    return {
        "size": [width, height],
        "jpeg": base64.b64encode(file.getvalue()).decode(),
        "sha256": hashlib.sha256(pixels.tobytes()).hexdigest(),
    }
