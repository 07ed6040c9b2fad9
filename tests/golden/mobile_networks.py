"""EfficientNet and MobileNetV3 in every layout that they are published in: timm's, torchvision's, and the ports that
SEED's authors trained, alone and within SEED's checkpoints.

Of each: the state dict's shapes, features in evaluation mode at an even and an odd size, and, where the network
differs, one pass in training mode with the gradient of every parameter.
"""

import gzip
import json

import timm
import torch
import torchvision
from efficientnet_pytorch import EfficientNet
from timm.data import IMAGENET_DEFAULT_MEAN, IMAGENET_DEFAULT_STD
from torch import nn

from fingerprint import fingerprint
from formula import fill, normalized, uniform
from mobilenetv3_pytorch import MobileNetV3
from student import Student, batch_without_kinks


class PooledEfficientNet(EfficientNet):
    """Without the last linear layer the package leaves the pooled maps as they are."""

    def forward(self, images):
        return super().forward(images).flatten(1)


def timm_network(name: str) -> nn.Module:
    return timm.create_model(name, num_classes=0, drop_rate=0.0, drop_path_rate=0.0)


def torchvision_efficientnet(name: str) -> nn.Module:
    network = getattr(torchvision.models, name)(stochastic_depth_prob=0.0)
    network.classifier = nn.Identity()
    return network


def torchvision_mobilenet(name: str) -> nn.Module:
    network = getattr(torchvision.models, name)()
    network.classifier = network.classifier[:2]
    return network


def efficientnet_pytorch(variant: str) -> nn.Module:
    return PooledEfficientNet.from_name(f"efficientnet-{variant}", include_top=False, drop_connect_rate=0.0)


def networks() -> dict:
    """By our name of the network and of the layout."""
    listing = {}
    for variant in ("b0", "b1"):
        listing[f"efficientnet_{variant}"] = {
            "timm": timm_network(f"efficientnet_{variant}"),
            "torchvision": torchvision_efficientnet(f"efficientnet_{variant}"),
            "efficientnet-pytorch": efficientnet_pytorch(variant),
        }
    for variant in ("large", "small"):
        listing[f"mobilenet_v3_{variant}"] = {
            "timm": timm_network(f"mobilenetv3_{variant}_100"),
            "torchvision": torchvision_mobilenet(f"mobilenet_v3_{variant}"),
            "mobilenetv3.pytorch": MobileNetV3(variant),
        }
    return listing


# Of the formula's weights, so that neither the images' difference drowns nor rounding errors grow.
GAINS = {"efficientnet_b0": 2.0, "efficientnet_b1": 1.8, "mobilenet_v3_large": 1.6, "mobilenet_v3_small": 2.0}


def expected() -> dict:
    content = {}
    for network, layouts in networks().items():
        gain = GAINS[network]
        content[network] = {}
        for layout, backbone in layouts.items():
            # torchvision's EfficientNet is timm's but for its names.
            trained = layout != "torchvision" or network.startswith("mobilenet")
            content[network][layout] = content_of(Student(backbone, width(backbone), 128), gain, trained)
            if layout not in ("timm", "torchvision"):
                content[network]["seed paper"] = content_of(SeedCheckpoint(backbone), gain, trained=False)
    text = json.dumps(content, separators=(",", ":"))
    return {
        "mobile_networks.json.gz": gzip.compress(text.encode(), mtime=0),
        "efficientnet_b0_state_dict.json": content["efficientnet_b0"]["timm"]["shapes"],
    }


def width(backbone: nn.Module) -> int:
    return backbone.eval()(torch.zeros(1, 3, 32, 32)).shape[1]


class SeedCheckpoint(nn.Module):
    """The student of a checkpoint of SEED's: its head is the backbone's last layer, `fc`."""

    def __init__(self, backbone: nn.Module):
        super().__init__()
        backbone.float()
        features = width(backbone)
        backbone.fc = nn.Sequential(nn.Linear(features, features), nn.ReLU(), nn.Linear(features, 128))
        self.module = nn.ModuleDict({"student": backbone})

    @property
    def backbone(self):
        return self.module["student"]

    def forward(self, images):
        features = self.backbone(images)
        return features, self.backbone.fc(features)


def content_of(student: nn.Module, gain: float, trained: bool) -> dict:
    fill(student, gain=gain).eval()
    state = student.backbone.state_dict() if isinstance(student, Student) else student.state_dict()
    shapes = {name: list(value.shape) for name, value in state.items()}
    even, odd = (normalized(f"{size} px", 2, size, IMAGENET_DEFAULT_MEAN, IMAGENET_DEFAULT_STD) for size in (64, 65))
    with torch.no_grad():
        features, embedding = student(even)
        content = {
            "gain": gain,
            "shapes": shapes,
            "features": short(features),
            "odd_features": short(student(odd)[0]),
            "embedding": short(embedding),
        }
    if trained:
        name, batch = batch_without_kinks(student, 4, 64, 3e-6)
        content["batch"], content["training"] = name, training_pass(student, batch)
    return content


def short(array: torch.Tensor, projections=4, samples=4, digits=6) -> dict:
    """A fingerprint of few digits: tolerances begin at 1e-4, those of gradients at 1e-3."""
    exact = fingerprint(array, projections, samples)
    rounded = lambda value: [rounded(v) for v in value] if isinstance(value, list) else float(f"{value:.{digits}g}")
    return {key: rounded(value) for key, value in exact.items()}


def training_pass(student: Student, images: torch.Tensor) -> dict:
    """What training_pass of student.py gives, of every norm and every parameter."""
    student.train()
    features, embedding = student(images)
    loss = (embedding * uniform("loss", embedding.shape)).sum() + (features * uniform("loss", features.shape)).sum()
    loss.backward()
    statistics = {n: v for n, v in student.state_dict().items() if n.endswith(("running_mean", "running_var"))}
    gradients = {n.removeprefix("backbone."): p.grad for n, p in student.named_parameters()}
    return {
        "features": short(features),
        "embedding": short(embedding),
        "statistics": {name: short(value, 1, 0) for name, value in statistics.items()},
        "gradients": {name: short(value, 1, 0, digits=5) for name, value in gradients.items()},
    }
