"""A network as PyTorch's exporter of today writes it: the graph in one file, the weights in another beside it; what
PyTorch makes of images with it, and the hash of both files by Python's hashlib."""

import hashlib
import tempfile
from pathlib import Path

import onnx
import torch
from torch import nn

from fingerprint import fingerprint
from formula import normalized, uniform, weight
from onnx_teacher import MEAN, STD


def expected():
    network = nn.Sequential(nn.Conv2d(3, 8, 4, stride=4), nn.ReLU(), nn.Flatten(), nn.Linear(128, 6)).eval()
    for name, value in network.state_dict().items():
        value.copy_((weight if value.dim() > 1 else uniform)(name, tuple(value.shape)))
    images = normalized("images", 3, 16, MEAN, STD).float()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "onnx_external.onnx"
        batch = torch.export.Dim("batch", min=1, max=64)
        torch.onnx.export(network, (images,), path, dynamo=True, external_data=True, input_names=["images"],
                          output_names=["rows"], dynamic_shapes=({0: batch},), verbose=False)
        graph, data = without_traces(path), path.with_name("onnx_external.onnx.data").read_bytes()
    with torch.no_grad():
        rows = network(images)
    lines = "".join(f"{hashlib.sha256(content).hexdigest()}\n" for content in (graph, data))
    return {
        "onnx_external.onnx": graph,
        "onnx_external.onnx.data": data,
        "onnx_external.json": {
            "sha256": hashlib.sha256(lines.encode()).hexdigest(),
            "embedding": fingerprint(rows / rows.norm(dim=1, keepdim=True), 4, 8),
        },
    }


def without_traces(path: Path) -> bytes:
    """The graph without where on which machine it was written."""
    model = onnx.load(path, load_external_data=False)
    for node in model.graph.node:
        del node.metadata_props[:]
    return model.SerializeToString()
