"""Small files of weights in every format, by PyTorch, NumPy and safetensors, and what they hold. The bytes of PyTorch's
older container differ from run to run: storages are keyed by their addresses."""

import argparse
import datetime
import enum
import functools
import io
import pathlib
from collections import Counter, OrderedDict, defaultdict, deque, namedtuple

import numpy as np
import omegaconf
import safetensors.torch
import torch
from torch import nn

from fingerprint import rounded
from formula import uniform, weight


def expected() -> dict:
    checkpoints = {"moco": moco(), "swav": swav(), "dino": dino(), "plain": plain()}
    network, arrays = tiny_network(), numpy_arrays()
    files = {
        "network.pth": torch_file({"state_dict": network}),
        "network_legacy.pth": torch_file({"state_dict": network}, legacy=True),
        "network.npz": npz_file(network, np.savez),
        "network_deflated.npz": npz_file(network, np.savez_compressed),
        "network.safetensors": safetensors.torch.save(network),
        "arrays.npz": npz_file(arrays, np.savez),
        "arrays_deflated.npz": npz_file(arrays, np.savez_compressed),
    }
    for name, checkpoint in checkpoints.items():
        files[f"{name}.pth"] = torch_file(checkpoint)
        files[f"{name}_legacy.pth"] = torch_file(checkpoint, legacy=True)
    for wrapped, name in [(True, "foreign"), (False, "foreign_plain")]:
        checkpoints[name] = foreign(wrapped)
        files[f"{name}.pth"] = torch_file(checkpoints[name] | complex_numbers())
        files[f"{name}_protocol_5.pth"] = torch_file(checkpoints[name] | complex_numbers(), protocol=5)
        files[f"{name}_legacy.pth"] = torch_file(checkpoints[name], legacy=True)
    files |= {f"unread_{name}.pth": torch_file(content) for name, content in unread().items()}
    files["unread_module_legacy.pth"] = torch_file(tiny_module(), legacy=True)
    files["unread_torchscript.pth"] = scripted()
    contents = {name: described(tensors(checkpoint)) for name, checkpoint in checkpoints.items()}
    contents["network"] = described(network)
    contents["arrays"] = described({name: torch.from_numpy(as_known(array)) for name, array in arrays.items()})
    return {f"weight_files/{name}": content for name, content in files.items()} | {"weight_files.json": contents}


def moco() -> dict:
    """Wrapped as MoCo's files are; every kind of view and type."""
    base = uniform("base", (4, 6)).float()
    state = OrderedDict(
        contiguous=uniform("contiguous", (2, 3)).float(),
        transposed=base.t(),
        sliced=base[1:3, ::2],
        shared=base[3],
        permuted=uniform("permuted", (2, 3, 4)).float().permute(2, 0, 1),
        channels_last=uniform("channels_last", (2, 3, 2, 2)).float().to(memory_format=torch.channels_last),
        parameter=nn.Parameter(uniform("parameter", (3,)).float()),
        scalar=torch.tensor(2.5),
        empty=torch.zeros(0, 3),
        half=uniform("half", (3, 2)).half(),
        half_transposed=uniform("half", (3, 2)).half().t(),
        bfloat16=uniform("bfloat16", (3,)).bfloat16(),
        double=uniform("double", (3, 2)),
        double_transposed=uniform("double", (3, 2)).t(),
        long=torch.tensor([-1, 0, 2**40]),
        int=torch.tensor([-1, 2**31 - 1], dtype=torch.int32),
        short=torch.tensor([-300, 300], dtype=torch.int16),
        char=torch.tensor([-128, 127], dtype=torch.int8),
        byte=torch.tensor([0, 255], dtype=torch.uint8),
        byte_strided=torch.tensor([0, 1, 254, 255], dtype=torch.uint8)[1::2],
        bool=torch.tensor([True, False]),
    )
    state = OrderedDict((f"module.encoder_q.{name}", value) for name, value in state.items())
    momentum = {"momentum_buffer": uniform("momentum", (2, 3)).float()}
    group = {"lr": 0.03, "momentum": 0.9, "nesterov": False, "dampening": None, "params": [0, 1]}
    optimizer = {"state": {0: momentum, 1: {"momentum_buffer": None}}, "param_groups": [group]}
    return {"epoch": 800, "arch": "resnet50", "state_dict": state, "optimizer": optimizer, "best": np.float64(71.1)}


def swav() -> dict:
    """Without a wrapper, as SwAV's files are."""
    names = {"conv1.weight": (2, 3, 1, 1), "projection_head.0.weight": (4, 2), "prototypes.weight": (3, 4)}
    return OrderedDict((f"module.{name}", weight(name, shape).float()) for name, shape in names.items())


def dino() -> dict:
    """Dicts within dicts and the options of the training, as in a whole checkpoint of DINO."""
    backbone = {"cls_token": (1, 1, 4), "blocks.0.attn.qkv.weight": (6, 2)}
    student = {f"module.backbone.{name}": uniform(f"student.{name}", shape).float() for name, shape in backbone.items()}
    teacher = {f"backbone.{name}": uniform(f"teacher.{name}", shape).float() for name, shape in backbone.items()}
    moments = {"step": 7, "exp_avg": uniform("exp_avg", (2,)).float()}
    return {
        "student": OrderedDict(student),
        "teacher": OrderedDict(teacher),
        "optimizer": {"state": {0: moments}, "param_groups": [{"lr": 1e-3, "betas": (0.9, 0.999), "params": [0]}]},
        "epoch": 3,
        "args": argparse.Namespace(arch="vit_small", lr=0.0005, clip=None, crops=(0.4, 1.0), best=np.float32(0.5)),
        "device": torch.device("cpu"),
        "dino_loss": {"center": uniform("center", (1, 3)).float()},
        "history": [uniform("history", (2,)).float()],
    }


def plain() -> dict:
    """A module's own state dict, which carries `_metadata`."""
    module = nn.Sequential(nn.Conv2d(1, 2, 2), nn.BatchNorm2d(2))
    state = module.state_dict()
    for name in state:
        if state[name].dtype == torch.float32:
            state[name].copy_(uniform(name, state[name].shape))
    return state


class Settings:
    """Of a training that pickles an object of its own, as Lightning's and mmcv's files have."""

    def __init__(self):
        self.rate, self.mean, self.parts = 0.1, torch.ones(3), {"weight": torch.ones(2)}


class Ordered(OrderedDict):
    pass


class Listed(list):
    pass


class Phase(enum.Enum):
    WARMUP = 1


# Made so, its source has no file, whose path the container before 1.6 would keep.
Tiny = type("Tiny", (nn.Module,), {"__module__": __name__})
Metric = namedtuple("Metric", ["name", "value"])


def foreign(wrapped: bool) -> dict:
    """Weights, and beside them whatever Python pickles."""
    state = plain()
    tagged = uniform("tagged", (2,)).float()
    tagged.source = "camera"
    state = dict(state) | {"tagged": tagged}
    return ({"state_dict": state} if wrapped else state) | {
        "set": {1, 2}, "frozenset": frozenset({"a"}), "counter": Counter("aab"), "deque": deque([1, 2], 5),
        "ordered": Ordered(weight=torch.ones(2)), "listed": Listed([torch.ones(2)]),
        "defaults": defaultdict(list, steps=[1, 2]), "metric": Metric("top1", torch.ones(1)), "phase": Phase.WARMUP,
        "dtype": torch.float16, "dtypes": {torch.float32: 1, torch.bfloat16: torch.ones(2)},
        "device": torch.device("cuda", 1), "size": torch.Size([1, 2]), "layout": torch.strided,
        "number": np.float64(0.5), "whole": np.int64(7), "array": np.arange(6.0).reshape(2, 3),
        "objects": np.array([1, "a"], dtype=object), "text": np.str_("a"), "type": np.dtype("f4"),
        "generator": np.random.default_rng(1).bit_generator.state, "random": np.random.RandomState(1).get_state(),
        "options": argparse.Namespace(lr=0.1, sizes=[1, 2]), "settings": Settings(), "module": tiny_module(),
        "config": omegaconf.OmegaConf.create({"lr": 0.1, "layers": [1, 2], "name": "${lr}"}),
        "list_config": omegaconf.OmegaConf.create([1, {"a": 2}]),
        "path": pathlib.PurePosixPath("a/b"), "date": datetime.datetime(2026, 1, 2), "bytes": b"abc",
        "bytearray": bytearray(b"abc"), "long": 1 << 3000, "complex": 1 + 2j, "range": range(3), "slice": slice(1, 2),
        "partial": functools.partial(int, base=2), "function": torch.relu, "class": Settings, "none": {None: 1},
    }


def tiny_module() -> nn.Module:
    module = Tiny()
    module.weight = nn.Parameter(torch.ones(2))
    return module


def complex_numbers() -> dict:
    """Tensors of types that are not read; the container before 1.6 cannot tell how long they are."""
    return {"signal": torch.ones(2, dtype=torch.complex64), "eight": torch.ones(2).to(torch.float8_e4m3fn),
            "sparse": torch.eye(2).to_sparse(), "unsigned": torch.ones(2).to(torch.uint16)}


def unread() -> dict:
    """Files that are whole, and hold no dict of tensors."""
    return {"module": nn.Linear(1, 1), "wrapped_module": {"model": nn.Linear(1, 1), "moments": [torch.ones(1)]},
            "arrays": {"weight": np.ones(2, "f4")}, "tensor": torch.ones(2), "list": [torch.ones(2)]}


def scripted() -> bytes:
    buffer = io.BytesIO()
    torch.jit.save(torch.jit.trace(nn.Linear(1, 1), torch.ones(1, 1)), buffer)
    return buffer.getvalue()


def tiny_network() -> dict:
    """One convolution and MoCo's head, under MoCo's names."""
    shapes = {"conv1.weight": (4, 3, 3, 3), "fc.0.weight": (6, 4), "fc.0.bias": (6,)}
    shapes |= {"fc.2.weight": (5, 6), "fc.2.bias": (5,)}
    return {f"module.encoder_q.{name}": weight(name, shape).float() for name, shape in shapes.items()}


def numpy_arrays() -> dict:
    """Every kind of number that NumPy's files are read for, in both orders."""
    matrix = uniform("numpy", (3, 4)).numpy()
    kinds = ["f2", "f4", "f8", "i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", "?"]
    arrays = {f"kinds/{np.dtype(kind).name}": (100 * matrix).astype("i8").astype(kind) for kind in kinds}
    arrays["fortran"] = np.asfortranarray(uniform("fortran", (2, 3, 4)).numpy().astype("f4"))
    arrays["fortran double"] = np.asfortranarray(matrix)
    return arrays | {"scalar": np.float32(2.5), "empty": np.zeros((0, 3), "f4"), "matrix": matrix.astype("f4")}


def torch_file(content, legacy=False, protocol=2) -> bytes:
    buffer = io.BytesIO()
    torch.save(content, buffer, pickle_protocol=protocol, _use_new_zipfile_serialization=not legacy)
    return buffer.getvalue()


def npz_file(content: dict, save) -> bytes:
    buffer = io.BytesIO()
    save(buffer, **{name: value.numpy() if isinstance(value, torch.Tensor) else value for name, value in content.items()})
    return buffer.getvalue()


def tensors(checkpoint: dict) -> dict:
    """Those of its `state_dict`, or all with their keys joined."""
    state = checkpoint.get("state_dict", checkpoint)
    found = {}
    for key, value in state.items():
        if isinstance(value, torch.Tensor):
            found[str(key)] = value
        elif type(value) in (dict, list, OrderedDict) and key not in ("dtypes", "none"):
            inner = dict(enumerate(value)) if isinstance(value, list) else value
            found |= {f"{key}.{name}": tensor for name, tensor in tensors(inner).items()}
    return found


def as_known(array: np.ndarray) -> np.ndarray:
    """PyTorch has no unsigned numbers of more than a byte that it computes with."""
    return np.asarray(array).astype("f8") if array.dtype.kind == "u" else np.array(array)


def described(state: dict) -> dict:
    return {
        name: {
            "shape": list(value.shape),
            "values": [rounded(x) for x in value.detach().contiguous().flatten().float().tolist()],
        }
        for name, value in state.items()
    }
