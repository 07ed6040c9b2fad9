"""MoCo's encoder, a ResNet-18 with the head of either version: normalised embeddings."""

import torch
import torch.nn.functional as F
import torchvision
from timm.data import IMAGENET_DEFAULT_MEAN, IMAGENET_DEFAULT_STD
from torch import nn

from fingerprint import fingerprint
from formula import fill, normalized


def expected() -> dict:
    images = normalized("images", 4, 64, IMAGENET_DEFAULT_MEAN, IMAGENET_DEFAULT_STD)
    return {"moco_teacher.json": {f"v{version}": embedding(version, images) for version in (1, 2)}}


def embedding(version: int, images: torch.Tensor) -> dict:
    encoder = torchvision.models.resnet18(num_classes=128)
    if version == 2:
        encoder.fc = nn.Sequential(nn.Linear(512, 512), nn.ReLU(), encoder.fc)
    fill(encoder, prefix="module.encoder_q.").eval()
    with torch.no_grad():
        return fingerprint(F.normalize(encoder(images)), 8, 16)
