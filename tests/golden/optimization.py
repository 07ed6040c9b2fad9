"""torch.optim.SGD on a linear regression whose learning rate changes, and the learning rates of SEED's code."""

import math

import torch

from fingerprint import rounded
from formula import uniform


def expected() -> dict:
    rates = {f"batch {batch}": [released_rate(e, batch, 200) for e in range(200)] for batch in (256, 512, 1024)}
    return {
        "optimization.json": {
            "sgd": {f"step {i}": state for i, state in enumerate(sgd([0.1, 0.1, 0.05, 0.02, 0.01]))},
            "rates": {name: [rounded(rate) for rate in values[:8] + values[20::20] + values[-1:]] for name, values in rates.items()},
        }
    }


def sgd(rates: list[float]) -> list[dict]:
    x, y = uniform("x", (6, 3)), uniform("y", (6, 2))
    weight, bias = uniform("weight", (2, 3)).requires_grad_(), uniform("bias", (2,)).requires_grad_()
    optimizer = torch.optim.SGD([weight, bias], lr=1.0, momentum=0.9, weight_decay=0.05)
    states = []
    for rate in rates:
        optimizer.param_groups[0]["lr"] = rate
        optimizer.zero_grad()
        loss = (x @ weight.T + bias - y).square().mean()
        loss.backward()
        optimizer.step()
        momenta = [optimizer.state[p]["momentum_buffer"] for p in (weight, bias)]
        values = {"loss": loss, "weight": weight, "bias": bias, "weight.momentum": momenta[0], "bias.momentum": momenta[1]}
        states.append({name: [rounded(v) for v in value.flatten().tolist()] for name, value in values.items()})
    return states


def released_rate(epoch: int, batch: int, epochs: int) -> float:
    """tools/utils.py, adjust_learning_rate, and main.py: args.lr 0.03 is for a batch of 256, five epochs of warm-up."""
    base, scaled, warmup = 0.03, 0.03 * batch / 256, 5
    if epoch < warmup:
        return base + epoch * (scaled - base) / warmup
    return scaled * (1 + math.cos(epoch / epochs * math.pi)) / 2
