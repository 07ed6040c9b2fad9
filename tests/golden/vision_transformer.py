"""Vision transformers as DINO, DINOv2 and timm publish them, at several sizes: timm's networks, with positions that
are interpolated as each publisher does (facebookresearch/dino, `vision_transformer.py`; facebookresearch/dinov2,
`models/vision_transformer.py` and `hub/backbones.py`)."""

import math

import timm
import torch
import torch.nn.functional as F
from timm.data import IMAGENET_DEFAULT_MEAN, IMAGENET_DEFAULT_STD

from fingerprint import fingerprint
from formula import normalized, weight

# Publisher and network, timm's name, and sides of the images with their number. Positions are for 224 pixels,
# DINOv2's for 518.
FILES = {
    "dino, vit_small_16": ("vit_small_patch16_224", {32: 4, 96: 2, 224: 1}),
    "dino, vit_base_16": ("vit_base_patch16_224", {48: 2}),
    "timm, vit_small_16": ("vit_small_patch16_224", {240: 1}),
    "dinov2, vit_small_14": ("vit_small_patch14_dinov2", {42: 4, 518: 1}),
    "dinov2, vit_small_14, registers": ("vit_small_patch14_reg4_dinov2", {224: 1}),
    "timm, vit_small_14": ("vit_small_patch14_dinov2", {42: 4}),
    "timm, vit_small_14, registers": ("vit_small_patch14_reg4_dinov2", {42: 4}),
}


def expected() -> dict:
    return {"vision_transformer.json": {name: expected_of(name, *rest) for name, rest in FILES.items()}}


def expected_of(name: str, timm_name: str, sides: dict[int, int]) -> dict:
    publisher = name.split(",")[0]
    entries = {entry: value.shape for entry, value in create(timm_name).state_dict().items()}
    if publisher == "dinov2":
        entries["mask_token"] = (1, 384)
        entries["pos_embed"] = (1, 1 + 37 * 37, 384)
        if "reg_token" in entries:
            entries["register_tokens"] = entries.pop("reg_token")
    values = {entry: weight(entry, shape) for entry, shape in entries.items()}
    return {
        # The other blocks are like the first.
        "entries": {e: list(shape) for e, shape in entries.items() if not e.startswith("blocks.") or ".0." in e},
        "features": {
            str(side): {"images": count, **features(publisher, timm_name, values, side, count)}
            for side, count in sides.items()
        },
    }


def features(publisher: str, timm_name: str, values: dict, side: int, count: int) -> dict:
    if publisher == "timm":
        network = create(timm_name, dynamic_img_size=True)
    else:
        network = create(timm_name, img_size=side)
        values = as_timm(publisher, values, network.patch_embed.grid_size[0])
    network.load_state_dict(values)
    images = normalized("images", count, side, IMAGENET_DEFAULT_MEAN, IMAGENET_DEFAULT_STD)
    with torch.no_grad():
        return fingerprint(network.double().eval()(images), 8, 16)


def as_timm(publisher: str, values: dict, grid: int) -> dict:
    """The original's values in timm's names, with positions for the grid."""
    values = {entry: value for entry, value in values.items() if entry != "mask_token"}
    first, others = values["pos_embed"][:, :1], values["pos_embed"][:, 1:]
    if "register_tokens" not in values:
        others = interpolated(others, grid, offset=0.1, antialias=False)
        return values | {"pos_embed": torch.cat([first, others], dim=1)}
    # timm adds the class token's position to the token: there is none for the registers.
    return values | {
        "reg_token": values.pop("register_tokens"),
        "cls_token": values["cls_token"] + first,
        "pos_embed": interpolated(others, grid, offset=0, antialias=True),
    }


def interpolated(positions: torch.Tensor, grid: int, offset: float, antialias: bool) -> torch.Tensor:
    """From `[1, side * side, width]`; the originals give PyTorch a scale if there is an offset, else a size."""
    side = math.isqrt(positions.shape[1])
    if side == grid:
        return positions
    target = {"scale_factor": (grid + offset) / side} if offset else {"size": (grid, grid)}
    maps = positions.reshape(1, side, side, -1).permute(0, 3, 1, 2)
    maps = F.interpolate(maps, mode="bicubic", antialias=antialias, **target)
    return maps.permute(0, 2, 3, 1).reshape(1, grid * grid, -1)


def create(timm_name: str, **options) -> torch.nn.Module:
    return timm.create_model(timm_name, num_classes=0, **options)
