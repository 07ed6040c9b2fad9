"""Writes all_types.safetensors with Python's safetensors, and all_types.json with what PyTorch says it holds.

Needs torch and safetensors: python all_types.py
"""
import json
from pathlib import Path

import torch
from safetensors.torch import save_file

here = Path(__file__).parent
generator = torch.Generator().manual_seed(0)
normal = torch.randn(3, 5, generator=generator)
whole = torch.tensor([[-128, -1, 0], [1, 2, 127]])
tensors = {
    "f64": normal.double() / 3,
    "f32": normal,
    "f16": normal.half(),
    "bf16": normal.bfloat16(),
    "i64": whole.long() * 1_000_000,
    "i32": whole.int() * 100_000,
    "i16": whole.short() * 100,
    "i8": whole.to(torch.int8),
    "u8": (whole + 128).to(torch.uint8),
    "bool": whole > 0,
    "scalar": torch.tensor(2.5),
    "empty": torch.zeros(0, 4),
    "special.f16": torch.tensor([float("inf"), float("-inf"), 65504, 2.0**-24, -0.0], dtype=torch.float16),
    "special.bf16": torch.tensor([float("inf"), float("-inf"), 2.0**127, 2.0**-133, -0.0], dtype=torch.bfloat16),
    "a name with \"quotes\", \\ and ü": torch.arange(4.0),
}
metadata = {"format": "pt", "note": "one\ntwo ✓"}
save_file(tensors, here / "all_types.safetensors", metadata)


def text(x: float) -> float | str:
    return x if abs(x) != float("inf") else "Infinity" if x > 0 else "-Infinity"


expected = {
    name: {"shape": list(t.shape), "values": [text(x) for x in t.float().flatten().tolist()]} for name, t in tensors.items()
}
(here / "all_types.json").write_text(json.dumps({"metadata": metadata, "tensors": expected}, indent=2) + "\n")
