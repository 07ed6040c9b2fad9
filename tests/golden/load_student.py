"""Loads a student.safetensors into timm, strictly, and prints a fingerprint of its features.

    python load_student.py FILE
"""

import json
import sys

import timm
import torch
from safetensors import safe_open

from fingerprint import fingerprint
from formula import normalized


def main(path: str):
    with safe_open(path, "pt") as file:
        metadata = file.metadata()
        state = {name: file.get_tensor(name) for name in file.keys() if not name.startswith("head.")}
    model = timm.create_model(metadata["network"], num_classes=0)
    model.load_state_dict(state, strict=True)
    images = normalized("images", 4, 64, json.loads(metadata["mean"]), json.loads(metadata["std"]))
    with torch.no_grad():
        print(json.dumps(fingerprint(model.double().eval()(images), 8, 16)))


main(sys.argv[1])
