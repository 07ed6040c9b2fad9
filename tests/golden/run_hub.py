"""Loads an exported folder as Python's libraries do, and prints what each makes of the images.

    python run_hub.py FOLDER SIDE

timm by `local-dir:`, transformers if it is there, onnxruntime with every model, each checked by onnx.
"""

import importlib.util
import json
import sys
from pathlib import Path

import onnx
import onnxruntime
import timm
import torch

from fingerprint import fingerprint
from formula import normalized


def main(folder: Path, side: int):
    model = timm.create_model(f"local-dir:{folder}", pretrained=True).eval()
    config = timm.data.resolve_model_data_config(model)
    assert config["input_size"] == [3, side, side] and config["interpolation"] == "bicubic", config
    resize, crop, *_ = timm.data.create_transform(**config, is_training=False).transforms
    images = normalized("images", 3, side, config["mean"], config["std"])
    outputs = {}
    with torch.no_grad():
        outputs["timm"] = model.double()(images)
        if importlib.util.find_spec("transformers"):
            from transformers import AutoModel

            outputs["transformers"] = AutoModel.from_pretrained(folder).double().eval()(images).pooler_output
    for name in ("model", "model_fp16", "model_quantized"):
        path = str(folder / f"onnx/{name}.onnx")
        onnx.checker.check_model(path, full_check=True)
        session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
        plain, pooled = session.run(["last_hidden_state", "pooler_output"], {"pixel_values": images.float().numpy()})
        assert (plain == pooled).all()
        outputs[name] = torch.from_numpy(plain)
    prints = {name: fingerprint(value, 8, 16) for name, value in outputs.items()}
    reference = outputs["timm"].double()
    cosines = {name: torch.cosine_similarity(value.double(), reference).min().item() for name, value in outputs.items()}
    print(json.dumps({"outputs": prints, "cosines": cosines, "resize": resize.size, "crop": list(crop.size)}))


main(Path(sys.argv[1]), int(sys.argv[2]))
