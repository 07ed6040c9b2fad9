"""Optimizers on a linear regression whose learning rate changes, and the learning rates of SEED's code.

torch.optim has SGD and AdamW; LARS is written down here from SimCLR's and MoCo-v3's description: the decayed gradient of
a matrix is scaled by trust * |w| / |g|, then momentum; vectors are neither decayed nor scaled.
"""

import math

import torch

from fingerprint import rounded
from formula import uniform


def expected() -> dict:
    rates = {f"batch {batch}": [released_rate(e, batch, 200) for e in range(200)] for batch in (256, 512, 1024)}
    return {
        "optimization.json": {
            "optimizers": {
                name: {f"step {i}": state for i, state in enumerate(regression(make, averaged, RATES))}
                for name, (make, averaged) in OPTIMIZERS.items()
            },
            "drops": {name: multi_step(**given) for name, given in DROPS.items()},
            "rates": {name: [rounded(rate) for rate in values[:8] + values[20::20] + values[-1:]] for name, values in rates.items()},
        }
    }


DROPS = {
    "two drops to a tenth": {"epochs": 10, "drops": [4, 7], "factor": 0.1},
    "a fifth each, from the first epoch on": {"epochs": 8, "drops": [1, 2, 6], "factor": 0.2},
    "one drop at the last epoch": {"epochs": 5, "drops": [4], "factor": 0.5},
    "two drops at once": {"epochs": 6, "drops": [3, 3], "factor": 0.1},
}


def multi_step(epochs: int, drops: list[int], factor: float) -> dict:
    """The rate of each epoch of torch.optim.lr_scheduler.MultiStepLR, stepped once an epoch, from a rate of 0.3."""
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=0.3)
    scheduler = torch.optim.lr_scheduler.MultiStepLR(optimizer, milestones=drops, gamma=factor)
    rates = []
    for _ in range(epochs):
        rates.append(rounded(scheduler.get_last_lr()[0]))
        optimizer.step()
        scheduler.step()
    return {"epochs": epochs, "drops": drops, "factor": factor, "rates": rates}


RATES = [0.1, 0.1, 0.05, 0.02, 0.01]


class Lars(torch.optim.Optimizer):
    def __init__(self, parameters, momentum: float, weight_decay: float, trust: float):
        super().__init__(parameters, dict(lr=1.0, momentum=momentum, weight_decay=weight_decay, trust=trust))

    @torch.no_grad()
    def step(self):
        for group in self.param_groups:
            for p in group["params"]:
                g = p.grad
                if p.ndim > 1:
                    g = g + group["weight_decay"] * p
                    g = g * (group["trust"] * torch.linalg.vector_norm(p) / torch.linalg.vector_norm(g))
                buffer = self.state[p].setdefault("momentum_buffer", torch.zeros_like(p))
                buffer.mul_(group["momentum"]).add_(g)
                p.sub_(group["lr"] * buffer)


def decaying_weights_alone(weight, bias, decay: float) -> list[dict]:
    return [{"params": [weight], "weight_decay": decay}, {"params": [bias], "weight_decay": 0.0}]


OPTIMIZERS = {
    "sgd": (lambda w, b: torch.optim.SGD([w, b], lr=1.0, momentum=0.9, weight_decay=0.05), ["momentum_buffer"]),
    "sgd, nesterov": (
        lambda w, b: torch.optim.SGD(decaying_weights_alone(w, b, 0.05), lr=1.0, momentum=0.9, nesterov=True),
        ["momentum_buffer"],
    ),
    "lars": (lambda w, b: Lars([w, b], momentum=0.9, weight_decay=0.05, trust=0.1), ["momentum_buffer"]),
    "adamw": (
        lambda w, b: torch.optim.AdamW([w, b], lr=1.0, betas=(0.8, 0.95), eps=1e-6, weight_decay=0.3),
        ["exp_avg", "exp_avg_sq"],
    ),
    "adamw, weights": (
        lambda w, b: torch.optim.AdamW(decaying_weights_alone(w, b, 0.3), lr=1.0, betas=(0.8, 0.95), eps=1e-6),
        ["exp_avg", "exp_avg_sq"],
    ),
}


def regression(make, slots: list[str], rates: list[float]) -> list[dict]:
    x, y = uniform("x", (6, 3)), uniform("y", (6, 2))
    weight, bias = uniform("weight", (2, 3)).requires_grad_(), uniform("bias", (2,)).requires_grad_()
    optimizer = make(weight, bias)
    states = []
    for rate in rates:
        for group in optimizer.param_groups:
            group["lr"] = rate
        optimizer.zero_grad()
        loss = (x @ weight.T + bias - y).square().mean()
        loss.backward()
        optimizer.step()
        state = [optimizer.state[p][slot] for slot in slots for p in (weight, bias)]
        values = {"loss": [loss], "weight": weight.flatten(), "bias": bias, "state": [v for s in state for v in s.flatten()]}
        states.append({name: [rounded(float(v)) for v in value] for name, value in values.items()})
    return states


def released_rate(epoch: int, batch: int, epochs: int) -> float:
    """tools/utils.py, adjust_learning_rate, and main.py: args.lr 0.03 is for a batch of 256, five epochs of warm-up."""
    base, scaled, warmup = 0.03, 0.03 * batch / 256, 5
    if epoch < warmup:
        return base + epoch * (scaled - base) / warmup
    return scaled * (1 + math.cos(epoch / epochs * math.pi)) / 2
