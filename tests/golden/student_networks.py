"""Networks that students are, beside those of mobile_networks.py and resnet.py, as timm has them.

Of each network: a digest of its state dict's names and shapes in every layout, and features in evaluation mode at two
sizes. Of each of its kind, cut down where it would be slow: one pass in training mode with the gradient of every
parameter."""

import gzip
import json
import re

import timm
import torch
import torchvision
from timm.data import IMAGENET_DEFAULT_MEAN, IMAGENET_DEFAULT_STD
from torch import nn

from formula import fill, normalized
from mobile_networks import PooledEfficientNet, short, training_pass
from resnets import digest_of_shapes
from student import Student, batch_without_kinks


class Case:
    """A network of timm's.

    `gain` is of the formula's weights; `others` are the networks of other layouts, by the layout's name; `cut` the
    options that make the trained one smaller, `blocks` those of each stage that it keeps; `sides` of the images in evaluation, the first in training, and `batch` how many there are then.
    """

    def __init__(self, name: str, gain=2.0, others=None, cut=None, blocks=None, sides=(64, 65), batch=4, **options):
        self.name, self.gain, self.others, self.cut, self.sides = name, gain, others or {}, cut, sides
        self.blocks, self.batch, self.options = blocks, batch, options

    def create(self, **more) -> nn.Module:
        return timm.create_model(self.name, num_classes=0, **self.options, **more)

    def create_cut(self) -> nn.Module:
        network = self.create(**self.cut or {})
        for stage, kept in (self.blocks or {}).items():
            network.blocks[stage] = nn.Sequential(*(network.blocks[stage][i] for i in kept))
        return network


def efficientnet(variant: str, gain: float) -> Case:
    others = {
        "torchvision": lambda: without(getattr(torchvision.models, f"efficientnet_{variant}")(), "classifier"),
        "efficientnet-pytorch": lambda: without(
            PooledEfficientNet.from_name(f"efficientnet-{variant}", include_top=False), "_fc"
        ),
    }
    return Case(f"efficientnet_{variant}", gain, others)


def without(network: nn.Module, classifier: str) -> nn.Module:
    setattr(network, classifier, nn.Identity())
    return network


def mobilenet_v4(size: str, blocks: dict) -> Case:
    return Case(f"mobilenetv4_conv_{size}", 1.0, blocks=blocks, sides=(48, 65), batch=8)


def vit(size: str, **cut) -> Case:
    return Case(f"vit_{size}_patch16_224", cut=cut or None, sides=(48, 64), dynamic_img_size=True)


def convnext(size: str) -> Case:
    return Case(f"convnext_{size}", 1.0, cut={"depths": (1, 1, 2, 1), "dims": (8, 16, 24, 32)})


def regnet(number: str, others=None) -> Case:
    return Case(f"regnety_{number}", 1.4, others, cut={"w0": 16, "wa": 24, "wm": 2.0, "depth": 6}, batch=8)


# By our names.
CASES = {
    "efficientnet_b2": efficientnet("b2", 1.8),
    "efficientnet_b3": efficientnet("b3", 1.9),
    "efficientnet_b4": efficientnet("b4", 1.9),
    "mobilenet_v4_conv_small": mobilenet_v4("small", {2: (0, 1, 5), 3: (0,)}),
    "mobilenet_v4_conv_medium": mobilenet_v4("medium", {2: (0, 5, 6), 3: (0,)}),
    "vit_tiny_16": vit("tiny"),
    "vit_small_16": vit("small", depth=2),
    "convnext_atto": convnext("atto"),
    "convnext_femto": convnext("femto"),
    "convnext_pico": convnext("pico"),
    "convnext_nano": convnext("nano"),
    "convnext_tiny": convnext("tiny"),
    "regnet_y_400mf": regnet("004", {"torchvision": lambda: without(torchvision.models.regnet_y_400mf(), "fc")}),
    "regnet_y_800mf": regnet("008"),
}


def expected() -> dict:
    files = {}
    for ours, case in CASES.items():
        files.setdefault(re.match(r"[a-z]+(_v4)?", ours)[0], {})[ours] = content_of(case)
    return {f"student_{family}.json.gz": compressed(content) for family, content in files.items()}


def compressed(content: dict) -> bytes:
    return gzip.compress(json.dumps(content, separators=(",", ":")).encode(), mtime=0)


def content_of(case: Case) -> dict:
    layouts = {"timm": case.create, **case.others}
    network = fill(case.create(), gain=case.gain).eval()
    content = {
        "gain": case.gain,
        "layouts": {name: digest_of(make) for name, make in layouts.items()},
        "features": {},
    }
    with torch.no_grad():
        for side in case.sides:
            content["features"][side] = short(network(pictures("images", 2, side)))
    cut = case.create_cut()
    student = fill(Student(cut, cut.head_hidden_size, 128), gain=case.gain)
    name, batch = batch_without_kinks(student, case.batch, case.sides[0], 3e-6)
    content["images"], content["batch"], content["training"] = case.batch, name, training_pass(student, batch)
    return content


def pictures(name: str, count: int, side: int) -> torch.Tensor:
    return normalized(name, count, side, IMAGENET_DEFAULT_MEAN, IMAGENET_DEFAULT_STD)


def digest_of(make) -> str:
    state = make().state_dict()
    return digest_of_shapes({name: list(value.shape) for name, value in state.items()})
