"""SEED's loss and MoCo's InfoNCE with their gradients, and MoCo's momentum update, by PyTorch in float64."""

import torch
import torch.nn.functional as F

from fingerprint import rounded
from formula import uniform

DIM, QUEUE = 8, 12


def expected() -> dict:
    return {
        "losses.json": {
            "seed": {
                f"batch {batch}, teacher temperature {tau_t}": seed(batch, tau_t) for batch in (4, 1) for tau_t in (0.01, 1e-4)
            },
            "moco": {f"batch {batch}": moco(batch) for batch in (4, 1)},
            "momentum": momentum(),
        }
    }


def unit_rows(name: str, rows: int) -> torch.Tensor:
    """float32's values; rows of length 1 but for their rounding."""
    return F.normalize(uniform(name, (rows, DIM))).float().double()


def queue(batch: int) -> torch.Tensor:
    """The first rows are near the teacher's embeddings, so that its distribution is not one-hot at 0.01."""
    near = unit_rows("teacher", batch) + 0.1 * unit_rows("noise", batch)
    return torch.cat([F.normalize(near).float().double(), unit_rows("queue", QUEUE - batch)])


def seed(batch: int, tau_t: float) -> dict:
    """Image by image: its distribution over D+ = [z_T; D] by the teacher, and by the student."""
    z_s, z_t, d = unit_rows("student", batch).requires_grad_(), unit_rows("teacher", batch), queue(batch)
    total = 0
    for i in range(batch):
        extended = torch.cat([z_t[i : i + 1], d])
        p_t = F.softmax(extended @ z_t[i] / tau_t, dim=0)
        total = total + F.cross_entropy((extended @ z_s[i] / 0.2)[None], p_t[None])
    return result(total / batch, z_s)


def moco(batch: int) -> dict:
    """As MoCo's builder.py: the key is class 0 of a classification."""
    q, k, d = unit_rows("student", batch).requires_grad_(), unit_rows("teacher", batch), queue(batch)
    positive = torch.einsum("nc,nc->n", [q, k]).unsqueeze(-1)
    negative = torch.einsum("nc,kc->nk", [q, d])
    logits = torch.cat([positive, negative], dim=1) / 0.2
    return result(F.cross_entropy(logits, torch.zeros(batch, dtype=torch.long)), q)


def result(loss: torch.Tensor, embeddings: torch.Tensor) -> dict:
    loss.backward()
    return {"loss": rounded(loss.item()), "gradient": [rounded(x) for x in embeddings.grad.flatten().tolist()]}


def momentum() -> list[float]:
    key, query = uniform("key", (8,)), uniform("query", (8,))
    return [rounded(x) for x in (key * 0.999 + query * (1.0 - 0.999)).tolist()]
