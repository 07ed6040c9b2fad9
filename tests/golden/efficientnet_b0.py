"""EfficientNet-B0, timm's, with the projection head."""

import timm
import torch
from timm.data import IMAGENET_DEFAULT_MEAN, IMAGENET_DEFAULT_STD

from fingerprint import fingerprint
from formula import fill, normalized
from student import Student, training_pass

# The first, the last, and one of every kind between them.
PARAMETERS = [
    "conv_stem.weight",
    "bn1.weight",
    "bn1.bias",
    "blocks.0.0.conv_dw.weight",
    "blocks.0.0.se.conv_reduce.bias",
    "blocks.1.0.conv_dw.weight",
    "blocks.2.0.conv_pw.weight",
    "blocks.2.1.conv_dw.weight",
    "blocks.2.1.se.conv_reduce.weight",
    "blocks.3.1.se.conv_expand.weight",
    "blocks.3.1.se.conv_expand.bias",
    "blocks.4.2.bn2.weight",
    "blocks.5.3.bn3.weight",
    "blocks.6.0.conv_pwl.weight",
    "conv_head.weight",
    "bn2.bias",
    "head.0.weight",
    "head.2.weight",
    "head.2.bias",
]
NORMS = ["bn1", "blocks.0.0.bn1", "blocks.2.0.bn2", "blocks.6.0.bn3", "bn2"]


def expected() -> dict:
    images = normalized("images", 4, 64, IMAGENET_DEFAULT_MEAN, IMAGENET_DEFAULT_STD)
    odd = normalized("odd", 2, 65, IMAGENET_DEFAULT_MEAN, IMAGENET_DEFAULT_STD)
    backbone = timm.create_model("efficientnet_b0", num_classes=0, drop_rate=0.0, drop_path_rate=0.0)
    student = fill(Student(backbone, backbone.num_features, 128))
    shapes = {name: list(value.shape) for name, value in backbone.state_dict().items()}
    student.eval()
    with torch.no_grad():
        evaluation = {
            "features": fingerprint(backbone(images), 8, 16),
            "odd_features": fingerprint(backbone(odd), 8, 16),
            "embedding": fingerprint(student(images)[1], 8, 16),
        }
    return {
        "efficientnet_b0.json": {"evaluation": evaluation, "training": training_pass(student, images, PARAMETERS, NORMS)},
        "efficientnet_b0_state_dict.json": shapes,
    }
