"""Features of pictures as `embed` gives them: torchvision's transforms on PIL images, timm's EfficientNet-B0."""

import numpy as np
import timm
import torch
from PIL import Image
from timm.data import IMAGENET_DEFAULT_MEAN, IMAGENET_DEFAULT_STD
from torchvision.transforms import CenterCrop, Compose, InterpolationMode, Normalize, Resize, ToTensor

from fingerprint import fingerprint
from formula import fill, unit

# Width and height of the pictures.
SIZES = [(50, 40), (90, 130), (200, 70)]
RESIZE, CROP = 72, 64


def expected() -> dict:
    transform = Compose(
        [
            Resize(RESIZE, InterpolationMode.BICUBIC),
            CenterCrop(CROP),
            ToTensor(),
            Normalize(IMAGENET_DEFAULT_MEAN, IMAGENET_DEFAULT_STD),
        ]
    )
    network = fill(timm.create_model("efficientnet_b0", num_classes=0)).eval()
    images = torch.stack([transform(picture(width, height)) for width, height in SIZES]).double()
    with torch.no_grad():
        features = network(images)
    rows = {f"{width}x{height}": fingerprint(row, 8, 32) for (width, height), row in zip(SIZES, features)}
    return {"embed.json": {"resize": RESIZE, "crop": CROP, "rows": rows}}


def picture(width: int, height: int) -> Image.Image:
    noise = unit(f"photo.{width}.{height}", width * height * 3)
    pixels = np.floor(256 * noise).astype(np.uint8)
    return Image.fromarray(pixels.reshape(height, width, 3))
