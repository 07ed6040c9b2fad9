"""ResNet-18 as a student, ResNet-18 and 50 in evaluation mode: torchvision's, without classifier."""

import itertools

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
SIZES = [("even", 64), ("odd", 65)]
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
            name, batch = batch_without_kinks(student)
            content |= {"batch": name, "training": training_pass(student, batch, PARAMETERS, NORMS)}
        files[f"resnet{depth}.json"] = content
    return files




def batch_without_kinks(student: Student) -> tuple[str, torch.Tensor]:
    """Images of which no value comes near the kink of a ReLU: float32 may round such a value to the other side of
    zero, where the gradient is another."""
    nearest = []
    hook = lambda _, inputs: nearest.append((inputs[0].abs().min() / inputs[0].std()).item())
    hooks = [m.register_forward_pre_hook(hook) for m in student.modules() if isinstance(m, nn.ReLU)]
    state = {name: value.clone() for name, value in student.state_dict().items()}
    student.train()
    for i in itertools.count():
        nearest.clear()
        batch = normalized(f"batch {i}", 8, 32, IMAGENET_DEFAULT_MEAN, IMAGENET_DEFAULT_STD)
        with torch.no_grad():
            student(batch)
        student.load_state_dict(state)
        if min(nearest) > 1e-5:
            break
    for handle in hooks:
        handle.remove()
    return f"batch {i}", batch
