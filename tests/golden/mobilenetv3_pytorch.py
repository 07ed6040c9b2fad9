"""MobileNetV3 as d-li14/mobilenetv3.pytorch has it, and SEED's authors from there, without the last linear layer.

Written anew from a reading of that repository, which no package carries: its state dict's names, the activation
after squeeze-and-excitation in blocks that expand, and squeeze-and-excitation of linear layers.
"""

from torch import nn

# Kernel, width, outputs, squeeze-and-excitation, hard swish, stride.
BLOCKS = {
    "large": [
        (3, 16, 16, 0, 0, 1),
        (3, 64, 24, 0, 0, 2),
        (3, 72, 24, 0, 0, 1),
        (5, 72, 40, 1, 0, 2),
        (5, 120, 40, 1, 0, 1),
        (5, 120, 40, 1, 0, 1),
        (3, 240, 80, 0, 1, 2),
        (3, 200, 80, 0, 1, 1),
        (3, 184, 80, 0, 1, 1),
        (3, 184, 80, 0, 1, 1),
        (3, 480, 112, 1, 1, 1),
        (3, 672, 112, 1, 1, 1),
        (5, 672, 160, 1, 1, 2),
        (5, 960, 160, 1, 1, 1),
        (5, 960, 160, 1, 1, 1),
    ],
    "small": [
        (3, 16, 16, 1, 0, 2),
        (3, 72, 24, 0, 0, 2),
        (3, 88, 24, 0, 0, 1),
        (5, 96, 40, 1, 1, 2),
        (5, 240, 40, 1, 1, 1),
        (5, 240, 40, 1, 1, 1),
        (5, 120, 48, 1, 1, 1),
        (5, 144, 48, 1, 1, 1),
        (5, 288, 96, 1, 1, 2),
        (5, 576, 96, 1, 1, 1),
        (5, 576, 96, 1, 1, 1),
    ],
}
REDUCED = {16: 8, 72: 24, 96: 24, 120: 32, 144: 40, 240: 64, 288: 72, 480: 120, 576: 144, 672: 168, 960: 240}
WIDTH = {"large": 1280, "small": 1024}


class MobileNetV3(nn.Module):
    def __init__(self, variant: str):
        super().__init__()
        layers, inputs = [conv_norm(3, 16, 3, 2) + [nn.Hardswish()]], 16
        for kernel, width, outputs, *rest in BLOCKS[variant]:
            layers.append([Block(inputs, kernel, width, outputs, *rest)])
            inputs = outputs
        self.features = nn.Sequential(*(one[0] if len(one) == 1 else nn.Sequential(*one) for one in layers))
        self.conv = nn.Sequential(*conv_norm(inputs, width, 1), nn.Hardswish())
        self.classifier = nn.Sequential(nn.Linear(width, WIDTH[variant]), nn.Hardswish())

    def forward(self, images):
        return self.classifier(self.conv(self.features(images)).mean((2, 3)))


class Block(nn.Module):
    def __init__(self, inputs: int, kernel: int, width: int, outputs: int, excites: int, hard: int, stride: int):
        super().__init__()
        activation = nn.Hardswish if hard else nn.ReLU
        excite = Excite(width) if excites else nn.Identity()
        depthwise = conv_norm(width, width, kernel, stride, groups=width)
        if inputs == width:
            middle = [*depthwise, activation(), excite]
        else:
            middle = [*conv_norm(inputs, width, 1), activation(), *depthwise, excite, activation()]
        self.conv = nn.Sequential(*middle, *conv_norm(width, outputs, 1))
        self.skips = stride == 1 and inputs == outputs

    def forward(self, x):
        return x + self.conv(x) if self.skips else self.conv(x)


class Excite(nn.Module):
    def __init__(self, channels: int):
        super().__init__()
        inner = [nn.Linear(channels, REDUCED[channels]), nn.ReLU(), nn.Linear(REDUCED[channels], channels)]
        self.fc = nn.Sequential(*inner, nn.Hardsigmoid())

    def forward(self, x):
        return x * self.fc(x.mean((2, 3)))[:, :, None, None]


def conv_norm(inputs: int, outputs: int, kernel: int, stride=1, groups=1) -> list:
    conv = nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2, groups=groups, bias=False)
    return [conv, nn.BatchNorm2d(outputs)]
