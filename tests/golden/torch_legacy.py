"""Small files in PyTorch's container before 1.6, and what they hold. Their bytes differ from run to run: storages are
keyed by their addresses."""

import io
from collections import OrderedDict

import torch
from torch import nn

from fingerprint import rounded
from formula import uniform


def expected() -> dict:
    moco, plain = moco_checkpoint(), plain_module()
    return {
        "torch_legacy_moco.pth": legacy(moco),
        "torch_legacy_plain.pth": legacy(plain),
        "torch_legacy.json": {"moco": described(moco["state_dict"]), "plain": described(plain)},
    }


def moco_checkpoint() -> dict:
    """Wrapped as MoCo's files are; every kind of view and type."""
    base = uniform("base", (4, 6)).float()
    state = OrderedDict(
        contiguous=uniform("contiguous", (2, 3)).float(),
        transposed=base.t(),
        sliced=base[1:3, ::2],
        shared=base[3],
        permuted=uniform("permuted", (2, 3, 4)).float().permute(2, 0, 1),
        parameter=nn.Parameter(uniform("parameter", (3,)).float()),
        scalar=torch.tensor(2.5),
        empty=torch.zeros(0, 3),
        half=uniform("half", (3,)).half(),
        bfloat16=uniform("bfloat16", (3,)).bfloat16(),
        double=uniform("double", (3,)),
        long=torch.tensor([-1, 0, 2**40]),
        int=torch.tensor([-1, 2**31 - 1], dtype=torch.int32),
        short=torch.tensor([-300, 300], dtype=torch.int16),
        char=torch.tensor([-128, 127], dtype=torch.int8),
        byte=torch.tensor([0, 255], dtype=torch.uint8),
        bool=torch.tensor([True, False]),
    )
    momentum = {"momentum_buffer": uniform("momentum", (2, 3)).float()}
    group = {"lr": 0.03, "momentum": 0.9, "nesterov": False, "dampening": None, "params": [0, 1]}
    optimizer = {"state": {0: momentum, 1: {"momentum_buffer": None}}, "param_groups": [group]}
    return {"epoch": 800, "arch": "resnet50", "state_dict": state, "optimizer": optimizer}


def plain_module() -> dict:
    """A module's own state dict, which carries `_metadata`."""
    module = nn.Sequential(nn.Conv2d(1, 2, 2), nn.BatchNorm2d(2))
    state = module.state_dict()
    for name in state:
        if state[name].dtype == torch.float32:
            state[name].copy_(uniform(name, state[name].shape))
    return state


def legacy(content: dict) -> bytes:
    buffer = io.BytesIO()
    torch.save(content, buffer, _use_new_zipfile_serialization=False)
    return buffer.getvalue()


def described(state: dict) -> dict:
    return {
        name: {
            "shape": list(value.shape),
            "values": [rounded(x) for x in value.detach().contiguous().flatten().float().tolist()],
        }
        for name, value in state.items()
    }
