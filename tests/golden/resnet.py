"""ResNets as students, and every ResNet in evaluation mode: torchvision's, without classifier."""

import torch
import torchvision
from timm.data import IMAGENET_DEFAULT_MEAN, IMAGENET_DEFAULT_STD
from torch import nn

from fingerprint import fingerprint
from formula import fill, normalized
from resnets import BLOCKS, digest, resnet, with_small_stem, without_values
from student import Student, batch_without_kinks, training_pass

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
SIZES = [("even", 64), ("odd", 65)]
# Of a deeper one, whose last block has another number.
DEEPER = ["conv1.weight", "bn1.bias", "layer1.0.conv1.weight", "layer1.2.bn2.weight", "layer2.0.downsample.0.weight"]
DEEPER += ["layer3.5.conv2.weight", "layer3.5.bn1.bias", "layer4.2.conv1.weight", "head.0.bias", "head.2.weight"]
BOTTLENECK = ["layer1.0.bn3.bias", "layer3.5.conv3.weight", "layer4.2.bn3.weight"]
NORMS = ["bn1", "layer1.0.bn1", "layer2.0.downsample.1", "layer4.1.bn2"]
# Channels of the deeper students after the first convolution, so that they are quick; torchvision's have 64.
NARROW = 8


def expected() -> dict:
    evaluation, names, shapes = {}, {}, {}
    for depth in BLOCKS:
        network = torchvision_backbone(depth)
        names[f"resnet{depth}"] = digest(network.state_dict())
        assert names[f"resnet{depth}"] == digest(without_values(lambda: resnet(depth)).state_dict())
        evaluation[f"resnet{depth}"] = evaluated(network)
        shapes[depth] = {name: list(value.shape) for name, value in network.state_dict().items()}
    for widen in (2, 4, 5):
        names[f"resnet50_w{widen}"] = digest(without_values(lambda: resnet(50, 64 * widen)).state_dict())
    students = {
        "resnet18": trained(torchvision_backbone(18), 32, PARAMETERS),
        "resnet34": trained(resnet(34, NARROW), 48, DEEPER),
        "resnet50": trained(resnet(50, NARROW), 48, DEEPER + BOTTLENECK),
        "small stem": trained(with_small_stem(resnet(18, NARROW)), 16, PARAMETERS),
    }
    return {
        "resnet.json": {"names": names, "evaluation": evaluation, "students": students},
        **{f"resnet{depth}_state_dict.json": shapes[depth] for depth in (18, 50)},
    }


def torchvision_backbone(depth: int) -> nn.Module:
    backbone = getattr(torchvision.models, f"resnet{depth}")()
    backbone.num_features, backbone.fc = backbone.fc.in_features, nn.Identity()
    return backbone


def evaluated(backbone: nn.Module) -> dict:
    fill(backbone).eval()
    even, odd = (normalized(name, 2, size, IMAGENET_DEFAULT_MEAN, IMAGENET_DEFAULT_STD) for name, size in SIZES)
    with torch.no_grad():
        return {"features": fingerprint(backbone(even), 8, 16), "odd_features": fingerprint(backbone(odd), 8, 16)}


def trained(backbone: nn.Module, size: int, parameters: list[str]) -> dict:
    student = quieten(fill(Student(backbone, backbone.num_features, 128)))
    name, batch = batch_without_kinks(student, 8, size, 1e-5)
    return {"batch": name, "size": size, "training": training_pass(student, batch, parameters, NORMS)}


def quieten(student: Student) -> Student:
    """What bottlenecks add, to a quarter: else rounding grows from block to block, and float32 in PyTorch itself is
    1e-4 away from float64."""
    for name, parameter in student.named_parameters():
        if name.endswith(".bn3.weight"):
            parameter.data.mul_(0.25)
    return student
