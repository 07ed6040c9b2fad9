"""The last map of each kind of network, by timm in float64, in evaluation: `[batch, rows, columns, channels]`.

A ConvNeXt's is normalised at each place, as its mean is; a ViT's are the patches after the last norm."""

import timm
import torch
from timm.data import IMAGENET_DEFAULT_MEAN, IMAGENET_DEFAULT_STD

from fingerprint import fingerprint
from formula import fill, normalized

# Ours, timm's, and the gain of the weights.
NETWORKS = [
    ("resnet18", "resnet18", 2.0),
    ("efficientnet_b0", "efficientnet_b0", 2.0),
    ("mobilenet_v3_small", "mobilenetv3_small_100", 2.0),
    ("mobilenet_v4_conv_small", "mobilenetv4_conv_small", 1.0),
    ("convnext_atto", "convnext_atto", 1.0),
    ("regnet_y_400mf", "regnety_004", 2.0),
    ("vit_tiny_16", "vit_tiny_patch16_224", 2.0),
]


def expected() -> dict:
    return {"maps.json": {ours: {"gain": gain, **last_map(name, gain)} for ours, name, gain in NETWORKS}}


def last_map(name: str, gain: float) -> dict:
    options = {"dynamic_img_size": True} if name.startswith("vit") else {}
    network = fill(timm.create_model(name, num_classes=0, **options), gain=gain).eval()
    images = normalized("maps", 2, 96, IMAGENET_DEFAULT_MEAN, IMAGENET_DEFAULT_STD)
    with torch.no_grad():
        maps = network.forward_features(images)
        if name.startswith("vit"):
            maps = maps[:, 1:].unflatten(1, (6, 6))
        else:
            if name.startswith("convnext"):
                maps = network.head.norm(maps)
            maps = maps.permute(0, 2, 3, 1)
    return {"shape": list(maps.shape), "map": fingerprint(maps.contiguous(), 8, 8)}
