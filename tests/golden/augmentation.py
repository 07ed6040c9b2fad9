"""Views of photographs, and whole colour operations, by torchvision on PIL images; quantiles of torchvision's draws."""

import base64
import hashlib
import itertools
import random
from collections import Counter
from pathlib import Path

import numpy as np
import torch
from PIL import Image, ImageFilter
from torchvision.transforms import ColorJitter, InterpolationMode, RandomResizedCrop
from torchvision.transforms import functional as F

PHOTOGRAPHS = {path.stem: Image.open(path).convert("RGB") for path in sorted((Path(__file__).parent / "photographs").glob("*.png"))}

# Left, top, width, height: whole, enlarged, shrunk along one side, shrunk much along both, tall, wide.
CROPS = [(0, 0, 160, 120), (11, 23, 40, 37), (100, 3, 57, 117), (3, 60, 156, 41), (150, 110, 10, 10), (30, 0, 1, 120)]
SIZES = [224, 64, 17]
CROP = (20, 10, 121, 100)
# Of the photographs enlarged, each pixel a square of so many: more rows than our kernels take at a time.
ENLARGED = 6
LARGE_CROPS = [(0, 0, 960, 720), (700, 5, 101, 713)]

JITTER = {"brightness": 1.31, "contrast": 0.66, "saturation": 1.38, "hue": -0.083}


def step(kind, value=None):
    name = {"hue": "shift", "blur": "sigma"}.get(kind, "factor")
    return {"kind": kind} | ({} if value is None else {name: value})


OPERATIONS = [
    *([step(kind, factor)] for kind in ("brightness", "contrast", "saturation") for factor in (0, 0.2, 0.6, 1, 1.4, 1.8)),
    *([step("hue", shift)] for shift in (-0.5, -0.1, -0.001, 0, 0.037, 0.1, 0.4)),
    [step("grayscale")],
    *([step("blur", sigma)] for sigma in (0.1, 0.5, 1, 1.45, 2, 6.3, 40)),
    *([step(kind, JITTER[kind]) for kind in order] for order in itertools.islice(itertools.permutations(JITTER), 0, 24, 5)),
    [*(step(kind, value) for kind, value in JITTER.items()), step("grayscale"), step("blur", 1.7)],
]


def expected() -> dict:
    return {
        "augmentation.json": {"views": views(), "colors": {name: of_all_colors(one) for name, one in COLORS.items()}},
        "augmentation_draws.json": draws(),
    }


def views() -> dict:
    cases = [
        {"crop": crop, "size": size, "filter": filter}
        for crop in CROPS for size in SIZES for filter in ("bilinear", "bicubic")
    ]
    cases += [
        {"crop": crop, "size": 64, "filter": filter, "enlarged": ENLARGED}
        for crop in LARGE_CROPS for filter in ("bilinear", "bicubic")
    ]
    cases += [{"crop": CROP, "size": 48, "operations": operations} for operations in OPERATIONS]
    cases += [{"crop": CROP, "size": size, "flip": True, "operations": OPERATIONS[-1]} for size in (48, 33)]
    return {f"{name} {i}": case | outcome(PHOTOGRAPHS[name], **case) for name in PHOTOGRAPHS for i, case in enumerate(cases)}


def outcome(photograph, crop, size, filter="bilinear", operations=(), flip=False, enlarged=1) -> dict:
    photograph = Image.fromarray(np.asarray(photograph).repeat(enlarged, 0).repeat(enlarged, 1))
    left, top, width, height = crop
    view = F.resized_crop(photograph, top, left, height, width, [size, size], InterpolationMode(filter), antialias=True)
    for operation in operations:
        view = changed(view, **operation)
    if flip:
        view = F.hflip(view)
    pixels = np.asarray(view).reshape(-1)
    # The hash, its beginning, tells whether all is equal; the sample, how far it is off.
    sample = pixels[:: max(1, pixels.size // 61)]
    return {"sha256": hashlib.sha256(pixels.tobytes()).hexdigest()[:16], "sample": base64.b64encode(sample.tobytes()).decode()}


def changed(image, kind, factor=None, shift=None, sigma=None):
    if kind == "blur":
        return image.filter(ImageFilter.GaussianBlur(sigma))  # MoCo's
    if kind == "grayscale":
        return F.to_grayscale(image, num_output_channels=3)
    return getattr(F, f"adjust_{kind}")(image, shift if kind == "hue" else factor)


COLORS = {
    "grayscale": step("grayscale"),
    "saturation 1.37": step("saturation", 1.37),
    "hue 0": step("hue", 0),
    "hue -0.09": step("hue", -0.09),
}


def of_all_colors(operation) -> str:
    """SHA-256 of what becomes of each of the 256^3 colours, by red, green, blue."""
    green, blue = np.meshgrid(np.arange(256), np.arange(256), indexing="ij")
    digest = hashlib.sha256()
    for red in range(256):
        colors = np.stack([np.full_like(green, red), green, blue], axis=-1).astype(np.uint8)
        digest.update(np.asarray(changed(Image.fromarray(colors), **operation)).tobytes())
    return digest.hexdigest()


DRAWS = 50_000
RECIPES = {
    "moco_v2": {"scale": (0.2, 1), "color": 0.4, "hue": 0.1, "sigma": (0.1, 2)},
    "moco_v1": {"scale": (0.2, 1), "color": 0.4, "hue": 0.4, "sigma": None},
    "swav": {"scale": (0.14, 1), "color": 0.8, "hue": 0.2, "sigma": (0.1, 2)},
}
PICTURES = [(500, 375), (400, 90)]  # the second is wider than any crop, so that tries fail


def draws() -> dict:
    torch.manual_seed(0)
    random.seed(0)
    return {name: drawn(**recipe) for name, recipe in RECIPES.items()}


def drawn(scale, color, hue, sigma) -> dict:
    values = {}
    for width, height in PICTURES:
        picture = Image.new("RGB", (width, height))
        crops = [RandomResizedCrop.get_params(picture, scale, (3 / 4, 4 / 3)) for _ in range(DRAWS)]
        top, left, tall, wide = np.array(crops).T
        name = f"{width}x{height}"
        values |= {f"area {name}": tall * wide / width / height, f"ratio {name}": wide / tall}
        values |= {f"left {name}": left, f"top {name}": top}
    around = (1 - color, 1 + color)
    jitters = [ColorJitter.get_params(around, around, around, (-hue, hue)) for _ in range(DRAWS)]
    for i, name in enumerate(("brightness", "contrast", "saturation", "hue"), 1):
        values[name] = np.array([jitter[i] for jitter in jitters])
    if sigma:
        values["sigma"] = np.array([random.uniform(*sigma) for _ in range(DRAWS)])
    orders = Counter("".join(map(str, jitter[0].tolist())) for jitter in jitters)
    shares = {order: round(count / DRAWS, 5) for order, count in sorted(orders.items())}
    return {"quantiles": {name: quantiles(value) for name, value in values.items()}, "orders": shares}


def quantiles(values) -> list:
    """At (i + 0.5) / 128."""
    return [float(f"{value:.4g}") for value in np.quantile(values, (np.arange(128) + 0.5) / 128)]
