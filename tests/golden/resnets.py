"""ResNets of any depth and width, without classifier: torchvision's blocks, joined as torchvision and SwAV join them."""

import hashlib

import torch
from torch import nn
from torchvision.models.resnet import BasicBlock, Bottleneck, ResNet

BLOCKS = {18: (2, 2, 2, 2), 34: (3, 4, 6, 3), 50: (3, 4, 6, 3), 101: (3, 4, 23, 3), 152: (3, 8, 36, 3)}


def resnet(depth: int, channels: int = 64) -> nn.Module:
    """`channels` after the first convolution: torchvision's 64; 64 times `widen` in SwAV's `src/resnet50.py`."""
    block = Bottleneck if depth >= 50 else BasicBlock
    network = ResNet(block, (1, 1, 1, 1))  # its layers are replaced
    network.inplanes = channels
    network.conv1 = nn.Conv2d(3, channels, 7, stride=2, padding=3, bias=False)
    network.bn1 = nn.BatchNorm2d(channels)
    for stage, count in enumerate(BLOCKS[depth]):
        layer = network._make_layer(block, channels << stage, count, stride=2 if stage else 1)
        setattr(network, f"layer{stage + 1}", layer)
    network.fc = nn.Identity()
    network.num_features = 8 * channels * block.expansion
    return network


def with_small_stem(network: nn.Module) -> nn.Module:
    """The first layers that the field gives ResNets for CIFAR's images: a 3 x 3 convolution, no pooling."""
    network.conv1 = nn.Conv2d(3, network.conv1.out_channels, 3, stride=1, padding=1, bias=False)
    network.maxpool = nn.Identity()
    return network


def as_swav_pads(network: nn.Module) -> nn.Module:
    """SwAV pads its images by one pixel, and by two in the first convolution."""
    network.conv1.padding = (2, 2)
    network.conv1.register_forward_pre_hook(lambda _, inputs: nn.functional.pad(inputs[0], (1, 1, 1, 1)))
    return network


def without_values(make) -> nn.Module:
    """Names and shapes alone, however large the network is."""
    with torch.device("meta"):
        return make()


def digest(state: dict) -> str:
    """SHA-256 of names and shapes."""
    return digest_of_shapes({name: value.shape for name, value in state.items()})


def digest_of_shapes(shapes: dict) -> str:
    lines = sorted(f"{name} {list(shape)}".replace(", ", ",") for name, shape in shapes.items())
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()
