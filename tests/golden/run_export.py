"""Runs exported files of one student, and prints what each makes of the images.

    python run_export.py NETWORK FOLDER SIDE

Reads folded.onnx and kept.onnx (checked by onnx), timm.safetensors and timm.pth, and torchvision.safetensors and
torchvision.pth where torchvision has the network, all strictly.
"""

import json
import sys
from pathlib import Path

import onnx
import onnxruntime
import timm
import torch
import torchvision
from safetensors.torch import load_file
from torch import nn

from fingerprint import fingerprint
from formula import normalized

TIMM = {
    "mobilenet_v3_large": "mobilenetv3_large_100",
    "mobilenet_v3_small": "mobilenetv3_small_100",
    "mobilenet_v4_conv_small": "mobilenetv4_conv_small",
    "regnet_y_400mf": "regnety_004",
    "vit_tiny_16": "vit_tiny_patch16_224",
}


def main(network: str, folder: Path, side: int):
    about = onnx.load(folder / "folded.onnx").metadata_props
    about = {entry.key: entry.value for entry in about}
    images = normalized("images", 3, side, json.loads(about["mean"]), json.loads(about["std"]))
    outputs = {}
    for name in ("folded", "kept"):
        path = str(folder / f"{name}.onnx")
        onnx.checker.check_model(path, full_check=True)
        session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
        for batch in (1, 3):
            (features,) = session.run(["features"], {"images": images[:batch].float().numpy()})
            outputs[f"{name}.onnx, batch {batch}"] = torch.from_numpy(features)
    makers = {"timm": timm_model, "torchvision": torchvision_model}
    for library, make in makers.items():
        if not (folder / f"{library}.pth").exists():
            continue
        for kind, load in {"safetensors": load_file, "pth": lambda path: torch.load(path, weights_only=True)}.items():
            model = make(network)
            model.load_state_dict(load(folder / f"{library}.{kind}"), strict=True)
            with torch.no_grad():
                outputs[f"{library}.{kind}"] = model.double().eval()(images)
    print(json.dumps({name: fingerprint(value, 8, 16) for name, value in outputs.items()}))


def timm_model(network: str) -> nn.Module:
    any_size = {"dynamic_img_size": True} if network.startswith("vit") else {}
    return timm.create_model(TIMM.get(network, network), num_classes=0, **any_size)


def torchvision_model(network: str) -> nn.Module:
    model = getattr(torchvision.models, network)()
    if network.startswith(("resnet", "regnet")):
        model.fc = nn.Identity()
    elif network.startswith("efficientnet"):
        model.classifier = nn.Identity()
    else:
        model.classifier = model.classifier[:2]
    return model


main(sys.argv[1], Path(sys.argv[2]), int(sys.argv[3]))
