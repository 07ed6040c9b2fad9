"""A backbone with SEED's projection head, and what one pass in training mode does to it."""

import torch
from torch import nn

from fingerprint import fingerprint
from formula import uniform


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
        own = {name if name.startswith("head.") else f"backbone.{name}": v for name, v in state.items()}
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
