"""ResNets as public checkpoints hold them: their keys, their nesting, and what else is pickled beside.

The network is a ResNet-18 with a 64th of the channels, so that a file takes some kilobytes. A moving average of it has
other values, so that who reads the wrong copy gets other features.
"""

import gzip
import io
from argparse import Namespace
from collections import OrderedDict

import numpy as np
import omegaconf
import torch
from timm.data import IMAGENET_DEFAULT_MEAN, IMAGENET_DEFAULT_STD
from torch import nn

from fingerprint import fingerprint
from formula import fill, normalized
from resnet_layouts import SWAV_STD, parts, perceptron
from resnets import as_swav_pads, resnet

DIM, HIDDEN = 3, 5


def expected() -> dict:
    files = {f"checkpoints/{name}.pth.gz": packed(checkpoint) for name, checkpoint in checkpoints().items()}
    return files | {"checkpoints.json": {"imagenet": outputs(IMAGENET_DEFAULT_STD), "swav": outputs(SWAV_STD)}}


def packed(checkpoint: dict) -> bytes:
    buffer = io.BytesIO()
    torch.save(as_float32(checkpoint), buffer)
    return gzip.compress(buffer.getvalue(), mtime=0)


def as_float32(value):
    """The formula's values are float32's; networks compute in float64."""
    if isinstance(value, torch.Tensor):
        return value.float() if value.is_floating_point() else value
    return {key: as_float32(inner) for key, inner in value.items()} if type(value) in (dict, OrderedDict) else value


def outputs(std: tuple) -> dict:
    network = encoder()
    if std == SWAV_STD:
        as_swav_pads(network)
    with torch.no_grad():
        return fingerprint(network.eval()(normalized("images", 2, 48, IMAGENET_DEFAULT_MEAN, std)))


def encoder(copy: str = "") -> nn.Module:
    return fill(resnet(18, 1), prefix=copy)


def children(copy: str = "") -> nn.Module:
    return nn.Sequential(*list(encoder(copy).children())[:-1])


def with_head(head: nn.Module, name: str = "fc", copy: str = "") -> nn.Module:
    network = encoder(copy)
    setattr(network, name, head)
    return network


def linear_head() -> nn.Module:
    return nn.Linear(8, DIM)


def mlp() -> nn.Module:
    return nn.Sequential(nn.Linear(8, HIDDEN), nn.ReLU(), nn.Linear(HIDDEN, DIM))


def projector(affine: bool = True) -> nn.Module:
    return nn.Sequential(
        *perceptron(8, HIDDEN),
        *perceptron(HIDDEN, HIDDEN),
        nn.Linear(HIDDEN, DIM, bias=False),
        *([] if affine else [nn.BatchNorm1d(DIM, affine=False)]),
    )


def predictor() -> nn.Module:
    return nn.Sequential(*perceptron(DIM, HIDDEN), nn.Linear(HIDDEN, DIM))


def trained(state: dict, key: str = "state_dict", **more) -> dict:
    """What a script of PyTorch's ImageNet example keeps."""
    momentum = {0: {"momentum_buffer": torch.zeros(2, 2)}}
    optimizer = {"state": momentum, "param_groups": [{"lr": 0.03, "params": [0]}]}
    return {"epoch": 200, "arch": "resnet18", key: state, "optimizer": optimizer} | more


def lightning(state: dict, settings) -> dict:
    callbacks = {"ModelCheckpoint{'monitor': None}": {"best_model_score": np.float64(0.5), "dirpath": "trained"}}
    return {
        "epoch": 399,
        "global_step": 1000,
        "pytorch-lightning_version": "2.1.2",
        "state_dict": state,
        "loops": {"fit_loop": {"state_dict": {}}},
        "callbacks": callbacks,
        "optimizer_states": [{"state": {0: {"momentum_buffer": torch.zeros(2)}}, "param_groups": []}],
        "lr_schedulers": [],
        "hyper_parameters": settings,
    }


def checkpoints() -> dict:
    settings = omegaconf.OmegaConf.create({"backbone": {"name": "resnet18"}, "optimizer": {"lr": 0.1}})
    k = "average."
    moco = parts(encoder_q=with_head(mlp()), encoder_k=with_head(mlp(), copy=k))
    moco.register_buffer("queue", torch.zeros(DIM, 4))
    moco.register_buffer("queue_ptr", torch.zeros(1, dtype=torch.long))
    moco_v1 = parts(encoder_q=with_head(linear_head()), encoder_k=with_head(linear_head(), copy=k))
    moco_v3 = parts(
        base_encoder=with_head(projector(False)),
        momentum_encoder=with_head(projector(False), copy=k),
        predictor=predictor(),
    )
    simsiam = parts(encoder=with_head(projector(False)), predictor=predictor())
    barlow = parts(backbone=encoder(), projector=projector(), bn=nn.BatchNorm1d(DIM, affine=False))
    vicreg = parts(backbone=encoder(), projector=projector())
    swav = with_head(nn.Sequential(*perceptron(8, HIDDEN), nn.Linear(HIDDEN, DIM)), "projection_head")
    swav.prototypes = nn.Linear(DIM, 4, bias=False)
    byol = parts(
        online_encoder=parts(net=encoder(), projector=mlp()),
        target_encoder=parts(net=encoder(k), projector=mlp()),
        online_predictor=predictor(),
    )
    byol_children = parts(
        online_network=parts(encoder=children(), projection=mlp()),
        target_network=parts(encoder=children(k), projection=mlp()),
        predictor=predictor(),
    )
    solo = parts(
        backbone=encoder(), momentum_backbone=encoder(k), projector=mlp(), momentum_projector=mlp(),
        predictor=predictor(), classifier=linear_head(), queue=nn.Linear(2, 2, bias=False),
    )
    lightly = parts(
        backbone=children(), backbone_momentum=children(k), projection_head=parts(layers=mlp()),
        projection_head_momentum=parts(layers=mlp()),
    )
    classifier = with_head(nn.Linear(8, 4))
    state = classifier.state_dict()
    return {
        "moco_v1_one_process": trained(moco_v1.state_dict()),
        "moco_v2": trained(parts(module=moco).state_dict()),
        "moco_v2_without_head": trained(parts(module=parts(encoder_q=encoder())).state_dict()),
        "moco_v3": trained(parts(module=moco_v3).state_dict()),
        "simsiam": trained(parts(module=simsiam).state_dict()),
        "barlow_twins": trained(parts(module=barlow).state_dict(), "model"),
        "barlow_twins_resnet": encoder().state_dict(),
        "vicreg": trained(parts(module=vicreg).state_dict(), "model"),
        "swav": parts(module=swav).state_dict(),
        "swav_without_head": parts(module=encoder()).state_dict(),
        "byol_yaox12": {
            "config": {"model": {"backbone": {"type": "resnet18"}}},
            "epoch": 300,
            "steps": 1000,
            "online_backbone": parts(module=encoder()).state_dict(),
            "target_backbone": parts(module=encoder(k)).state_dict(),
            "optimizer": {"state": {}, "param_groups": []},
        },
        "byol_lucidrains": byol.state_dict(),
        "byol_children": {"model": parts(module=byol_children).state_dict(), "epoch": 10},
        "vissl": {
            "phase_idx": 99,
            "iteration": 1000,
            "loss": torch.zeros(1),
            "classy_state_dict": {
                "base_model": {
                    "model": {
                        "trunk": parts(_feature_blocks=encoder()).state_dict(),
                        "heads": nn.Sequential(parts(clf=mlp())).state_dict(),
                    },
                    "meters": {},
                },
                "optimizer": {"optim": {"state": {0: {"momentum_buffer": torch.zeros(2)}}, "param_groups": []}},
                "train": True,
            },
        },
        "dino_resnet": {
            "student": parts(module=parts(backbone=encoder("student."), head=mlp())).state_dict(),
            "teacher": parts(module=parts(backbone=encoder(), head=mlp())).state_dict(),
            "optimizer": {"state": {}, "param_groups": []},
            "epoch": 300,
            "args": Namespace(arch="resnet50", lr=0.3),
        },
        "solo_learn": lightning(solo.state_dict(), settings),
        "lightly": lightning(lightly.state_dict(), {"lr": 0.06}),
        "lightning_module": lightning(parts(model=classifier).state_dict(), Namespace(lr=0.1)),
        "simclr_sthalles": trained(parts(backbone=with_head(mlp())).state_dict()),
        "mmpretrain": {
            "meta": {"epoch": 200, "cfg": "model = dict()"},
            "state_dict": parts(backbone=encoder(), neck=parts(fc0=nn.Linear(8, 4))).state_dict(),
            "optimizer": {"state": {}, "param_groups": []},
        },
        "compiled": {f"_orig_mod.{name}": value for name, value in state.items()},
        "compiled_in_parallel": trained({f"_orig_mod.module.{name}": value for name, value in state.items()}),
        "timm_training": trained(
            state,
            state_dict_ema=with_head(nn.Linear(8, 4), copy=k).state_dict(),
            args=Namespace(model="resnet18"),
        ),
        "lightly_dino": lightning(
            parts(student_backbone=children("student."), teacher_backbone=children()).state_dict(), {}
        ),
    }
