"""A backbone with SEED's projection head, and what one pass in training mode does to it."""

import itertools
import re

import torch
from timm.data import IMAGENET_DEFAULT_MEAN, IMAGENET_DEFAULT_STD
from torch import nn

from fingerprint import fingerprint
from formula import normalized, uniform


class Student(nn.Module):
    """Parameters of the backbone by their own names, the head's under `head.`, as `student.safetensors` has them."""

    def __init__(self, backbone: nn.Module, features: int, dim: int):
        super().__init__()
        self.backbone = backbone
        self.head = nn.Sequential(nn.Linear(features, features), nn.ReLU(), nn.Linear(features, dim))

    def forward(self, images):
        features = self.backbone(images)
        return features, self.head(features)

    def state_dict(self, *args, **kwargs):
        state = super().state_dict(*args, **kwargs)
        return {name.removeprefix("backbone."): value for name, value in state.items()}

    def load_state_dict(self, state, *args, **kwargs):
        own = {name if re.match(r"head\.\d", name) else f"backbone.{name}": v for name, v in state.items()}
        return super().load_state_dict(own, *args, **kwargs)


def training_pass(student: Student, images: torch.Tensor, parameters: list[str], norms: list[str]) -> dict:
    """Features, and some running statistics and gradients, of a loss that weighs every output."""
    student.train()
    features, embedding = student(images)
    loss = (embedding * uniform("loss", embedding.shape)).sum() + (features * uniform("loss", features.shape)).sum()
    loss.backward()
    state, gradients = student.state_dict(), {n: p.grad for n, p in student.named_parameters()}
    gradients = {name.removeprefix("backbone."): gradient for name, gradient in gradients.items()}
    statistics = [f"{norm}.{part}" for norm in norms for part in ("running_mean", "running_var")]
    return {
        "features": fingerprint(features, 8, 16),
        "embedding": fingerprint(embedding, 8, 16),
        "statistics": {name: fingerprint(state[name]) for name in statistics},
        "gradients": {name: fingerprint(gradients[name]) for name in parameters},
    }


# Where a function of straight lines bends.
KINKS = {nn.ReLU: (0.0,), nn.ReLU6: (0.0, 6.0), nn.Hardswish: (-3.0, 3.0), nn.Hardsigmoid: (-3.0, 3.0)}


def batch_without_kinks(student: Student, batch: int, size: int, distance: float) -> tuple[str, torch.Tensor]:
    """Images of which no value comes near a kink, in deviations: float32 may round such a value to the other side of
    it, where the gradient is another."""
    nearest = []

    def observe(module, inputs):
        x = inputs[0]
        nearest.extend(((x - kink).abs().min() / x.std()).item() for kink in KINKS[type(module)])

    hooks = [m.register_forward_pre_hook(observe) for m in student.modules() if type(m) in KINKS]
    state = {name: value.clone() for name, value in student.state_dict().items()}
    student.train()
    for i in itertools.count():
        nearest.clear()
        images = normalized(f"batch {i}", batch, size, IMAGENET_DEFAULT_MEAN, IMAGENET_DEFAULT_STD)
        with torch.no_grad():
            student(images)
        student.load_state_dict(state)
        if min(nearest, default=distance + 1) > distance:
            break
    for handle in hooks:
        handle.remove()
    return f"batch {i}", images
