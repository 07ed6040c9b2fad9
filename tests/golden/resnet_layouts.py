"""ResNets in every layout that they are published in: features and projection heads' outputs.

They have the depth of the real ones and a quarter of their channels or less, so that tests are quick; `resnet.py` has
the real ones.
"""

import torch
from timm.data import IMAGENET_DEFAULT_MEAN, IMAGENET_DEFAULT_STD
from torch import nn

from fingerprint import fingerprint
from formula import fill, normalized
from resnets import as_swav_pads, digest, resnet

# Depth, and channels after the first convolution. The wide ones are to each other as SwAV's are.
NETWORKS = {
    "resnet18": (18, 16),
    "resnet34": (34, 16),
    "resnet50": (50, 16),
    "resnet101": (101, 16),
    "resnet152": (152, 16),
    "resnet50_w2": (50, 2 * 4),
    "resnet50_w4": (50, 4 * 4),
    "resnet50_w5": (50, 5 * 4),
}
HIDDEN, DIM = 24, 12
# `src/multicropdataset.py` of SwAV.
SWAV_STD = (0.228, 0.224, 0.225)


def expected() -> dict:
    networks = {name: outputs(*network) for name, network in NETWORKS.items()}
    files = {layout: digest(make().state_dict()) for layout, make in FILES.items()}
    return {"resnet_layouts.json": {"files": files, "networks": networks}}


def outputs(depth: int, channels: int) -> dict:
    """By normalisation: features, and each kind of head's output."""
    network = resnet(depth, channels)
    heads = {kind: fill(make(network.num_features), prefix=f"{kind}.") for kind, make in HEADS.items()}
    result = {}
    for name, std in (("imagenet", IMAGENET_DEFAULT_STD), ("swav", SWAV_STD)):
        if name == "swav":
            as_swav_pads(network)
        fill(network).eval()
        with torch.no_grad():
            features = network(normalized("images", 2, 48, IMAGENET_DEFAULT_MEAN, std))
            embeddings = {kind: fingerprint(head.eval()(features)) for kind, head in heads.items()}
        result[name] = {"features": fingerprint(features), **embeddings}
    return result


HEADS = {
    "linear": lambda width: nn.Linear(width, DIM),
    "mlp": lambda width: nn.Sequential(nn.Linear(width, HIDDEN), nn.ReLU(), nn.Linear(HIDDEN, DIM)),
    "mlp with batch norm": lambda width: nn.Sequential(
        nn.Linear(width, HIDDEN), nn.BatchNorm1d(HIDDEN), nn.ReLU(), nn.Linear(HIDDEN, DIM)
    ),
    "moco v3": lambda width: nn.Sequential(
        *perceptron(width, HIDDEN), *perceptron(HIDDEN, HIDDEN), *last_layer(HIDDEN, bias=False)
    ),
    "simsiam": lambda width: nn.Sequential(
        *perceptron(width, HIDDEN), *perceptron(HIDDEN, HIDDEN), *last_layer(HIDDEN, bias=True)
    ),
    "barlow twins": lambda width: nn.Sequential(
        *perceptron(width, HIDDEN), *perceptron(HIDDEN, HIDDEN), nn.Linear(HIDDEN, DIM, bias=False)
    ),
}


def perceptron(inputs: int, outputs: int) -> tuple:
    return nn.Linear(inputs, outputs, bias=False), nn.BatchNorm1d(outputs), nn.ReLU()


def last_layer(inputs: int, bias: bool) -> tuple:
    return nn.Linear(inputs, DIM, bias=bias), nn.BatchNorm1d(DIM, affine=False)


def encoder(kind: str, name: str) -> nn.Module:
    network = resnet(*NETWORKS["resnet50"])
    setattr(network, name, HEADS[kind](network.num_features))
    return network


def parts(**modules: nn.Module) -> nn.Module:
    """As the attributes of one module."""
    return nn.ModuleDict(modules)


def moco(kind: str) -> nn.Module:
    """`moco/builder.py` of facebookresearch/moco, in what distributed training wraps it in."""
    model = parts(encoder_q=encoder(kind, "fc"), encoder_k=encoder(kind, "fc"))
    model.register_buffer("queue", torch.zeros(DIM, 64))
    model.register_buffer("queue_ptr", torch.zeros(1, dtype=torch.long))
    return parts(module=model)


def moco_v3() -> nn.Module:
    """`moco/builder.py` of facebookresearch/moco-v3."""
    predictor = nn.Sequential(*perceptron(DIM, HIDDEN), *last_layer(HIDDEN, bias=False))
    return parts(
        module=parts(
            base_encoder=encoder("moco v3", "fc"), momentum_encoder=encoder("moco v3", "fc"), predictor=predictor
        )
    )


def simsiam() -> nn.Module:
    """`simsiam/builder.py` of facebookresearch/simsiam."""
    predictor = nn.Sequential(*perceptron(DIM, HIDDEN), nn.Linear(HIDDEN, DIM))
    return parts(module=parts(encoder=encoder("simsiam", "fc"), predictor=predictor))


def barlow_twins() -> nn.Module:
    """`main.py` of facebookresearch/barlowtwins."""
    backbone = resnet(*NETWORKS["resnet50"])
    projector = HEADS["barlow twins"](backbone.num_features)
    return parts(module=parts(backbone=backbone, projector=projector, bn=nn.BatchNorm1d(DIM, affine=False)))


def children() -> nn.Module:
    """A backbone of lightly's examples (`examples/pytorch/moco.py`)."""
    return nn.Sequential(*list(resnet(*NETWORKS["resnet50"]).children())[:-1])


def swav(kind: str) -> nn.Module:
    """`src/resnet50.py` of facebookresearch/swav."""
    model = encoder(kind, "projection_head")
    model.prototypes = nn.Linear(DIM, 30, bias=False)
    return parts(module=model)


def seed_paper(kind: str) -> nn.Module:
    """`seed/small_patch_builder.py` of jacobswan1/SEED."""
    model = parts(student=encoder(kind, "fc"), teacher=encoder("mlp with batch norm", "projection_head"))
    for queue in ("queue", "small_queue"):
        model.register_buffer(queue, torch.zeros(DIM, 64))
    model.register_buffer("queue_ptr", torch.zeros(1, dtype=torch.long))
    return parts(module=model)


def simclr() -> nn.Module:
    """`load_simclr_teacher_encoder` of jacobswan1/SEED, `seed/architectures/simclr/simclr_resnet.py`."""
    return parts(module=parts(module=parts(module=encoder("mlp with batch norm", "fc"))))


class WithoutHead:
    """The state dict of a module without some of its entries."""

    def __init__(self, module: nn.Module, *heads: str):
        self.module, self.heads = module, heads

    def state_dict(self) -> dict:
        entries = self.module.state_dict().items()
        return {name: value for name, value in entries if not any(head in name for head in self.heads)}


def classifier() -> nn.Module:
    network = resnet(*NETWORKS["resnet50"])
    network.fc = nn.Linear(network.num_features, 1000)
    return network


# By layout, what is saved.
FILES = {
    "moco v1": lambda: moco("linear"),
    "moco v2": lambda: moco("mlp"),
    "moco, without head": lambda: WithoutHead(moco("mlp"), "encoder_q.fc.", "encoder_k.fc."),
    "moco v3": moco_v3,
    "simsiam": simsiam,
    "barlow twins and vicreg": barlow_twins,
    "torchvision's children": children,
    "swav": lambda: swav("mlp with batch norm"),
    "swav, head without batch norm": lambda: swav("mlp"),
    "swav, linear head": lambda: swav("linear"),
    "simclr": simclr,
    "seed paper": lambda: seed_paper("mlp"),
    "seed paper, linear head": lambda: seed_paper("linear"),
    "seed student": lambda: encoder("mlp", "head"),
    "timm and torchvision": classifier,
}
