"""ResNet-18 as a student, ResNet-18 and 50 in evaluation mode: torchvision's, without classifier."""

import torch
import torchvision
from timm.data import IMAGENET_DEFAULT_MEAN, IMAGENET_DEFAULT_STD
from torch import nn

from fingerprint import fingerprint
from formula import fill, normalized
from student import Student, training_pass

# The first, the last, and one of every kind between them.
PARAMETERS = [
    "conv1.weight",
    "bn1.weight",
    "bn1.bias",
    "layer1.0.conv1.weight",
    "layer1.1.bn2.bias",
    "layer2.0.conv1.weight",
    "layer2.0.downsample.0.weight",
    "layer3.0.downsample.1.weight",
    "layer4.1.conv2.weight",
    "layer4.1.bn2.weight",
    "head.0.weight",
    "head.2.bias",
]
NORMS = ["bn1", "layer1.0.bn1", "layer2.0.downsample.1", "layer4.1.bn2"]


def expected() -> dict:
    even, odd = (normalized(name, 2, size, IMAGENET_DEFAULT_MEAN, IMAGENET_DEFAULT_STD) for name, size in SIZES)
    files = {}
    for depth in (18, 50):
        backbone = getattr(torchvision.models, f"resnet{depth}")()
        width, backbone.fc = backbone.fc.in_features, nn.Identity()
        student = fill(Student(backbone, width, 128)).eval()
        with torch.no_grad():
            content = {
                "evaluation": {
                    "features": fingerprint(backbone(even), 8, 16),
                    "odd_features": fingerprint(backbone(odd), 8, 16),
                }
            }
        files[f"resnet{depth}_state_dict.json"] = {n: list(v.shape) for n, v in backbone.state_dict().items()}
        if depth == 18:
            batch = normalized("images", 8, 64, IMAGENET_DEFAULT_MEAN, IMAGENET_DEFAULT_STD)
            content["training"] = training_pass(student, batch, PARAMETERS, NORMS)
        files[f"resnet{depth}.json"] = content
    return files


SIZES = [("even", 64), ("odd", 65)]
