"""The objectives' losses with their gradients, and MoCo's momentum update, by PyTorch in float64."""

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
            "compress": {f"batch {batch}": compress(batch) for batch in (4, 1)},
            "simreg": {f"batch {batch}": simreg(batch) for batch in (4, 1)},
            "disco": {f"batch {batch}": disco(batch) for batch in (4, 1)},
            "bingo": {f"batch {batch}": bingo(batch) for batch in (4, 1)},
            "token": {f"batch {batch}": token(batch) for batch in (4, 1)},
            "cospress": {"angles": cospress_angles(), **{f"batch {batch}": cospress(batch) for batch in (4, 1)}},
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


def compress(batch: int) -> dict:
    """nn/compress_loss.py, CompReSSA: KL divergence of similarities to the teacher's queue."""
    s, t, d = unit_rows("student", batch).requires_grad_(), unit_rows("teacher", batch), queue(batch)
    log_q, p = F.log_softmax(s @ d.T / 0.04, dim=1), F.softmax(t @ d.T / 0.04, dim=1)
    return result(F.kl_div(log_q, p, reduction="batchmean"), s)


def simreg(batch: int) -> dict:
    s, t = unit_rows("student", batch).requires_grad_(), unit_rows("teacher", batch)
    return result((2 - 2 * torch.einsum("bc,bc->b", [s, t])).mean(), s)


def disco(batch: int) -> dict:
    """main.py: nn.MSELoss(reduction="sum"), here of a batch's mean."""
    s, t = unit_rows("student", batch).requires_grad_(), unit_rows("teacher", batch)
    return result(torch.nn.MSELoss(reduction="sum")(t, s) / batch, s)


def bingo(batch: int) -> dict:
    """moco/builder.py and MulposCrossEntropy without CutMix: both queries against both keys with half a weight each."""
    q, d = unit_rows("student", batch).requires_grad_(), queue(batch)
    neighbour = unit_rows("neighbour", batch)
    keys = torch.stack([unit_rows("teacher", batch), unit_rows("neighbour key", batch)], dim=1)
    loss = 0
    for query in (q, neighbour):
        positive = torch.einsum("nmc,nc->nm", [keys, query]).unsqueeze(-1)
        negative = torch.einsum("nc,kc->nk", [query, d]).unsqueeze(1).repeat(1, 2, 1)
        logits = torch.cat([positive, negative], dim=2) / 0.2
        for i in range(2):
            loss = loss + 0.5 * F.cross_entropy(logits[:, i], torch.zeros(batch, dtype=torch.long))
    return result(loss / 2, q)


def token(batch: int) -> dict:
    """distillationv3.py's student on its way to the teacher's grid, and the local half of distillationv3_loss.py."""
    student = uniform("student map", (batch, 2, 3, DIM)).float().double().requires_grad_()
    teacher = uniform("teacher map", (batch, 4, 3, DIM)).float().double()
    resized = F.interpolate(student.permute(0, 3, 1, 2), size=(4, 3), mode="bilinear", align_corners=False)
    s = F.normalize(resized.flatten(2).transpose(1, 2), dim=-1)
    t = F.normalize(teacher.flatten(1, 2), dim=-1)
    log_q = F.log_softmax((s @ s.transpose(1, 2)).flatten(0, 1) / 0.07, dim=-1)
    p = F.softmax((t @ t.transpose(1, 2)).flatten(0, 1) / 0.07, dim=-1)
    return result(F.kl_div(log_q, p, reduction="batchmean"), student)


def cospress_angles() -> dict:
    """proteus_vmfsne7_reversed.py, its global term with sne_style "full": the divergence of joint distributions."""
    teacher, mapped = unit_rows("teacher", 6), uniform("mapped", (6, 3)).float().double().requires_grad_()
    total = 0
    for t in (0.01, 0.05, 0.1):
        joint = []
        for rows in (teacher, mapped):
            z = F.normalize(rows, dim=-1)
            log_p = F.log_softmax((z @ z.T - 1e8 * torch.eye(6, dtype=torch.float64)) / t, dim=-1)
            log_p = torch.logsumexp(torch.stack([log_p, log_p.T]), dim=0)
            joint.append(log_p - torch.logsumexp(log_p, dim=(0, 1), keepdims=True))
        log_p, log_q = joint
        total = total + torch.sum(torch.exp(log_p) * (log_p - log_q))
    return result(total / 3, mapped)


def cospress(batch: int) -> dict:
    """The same file's CosineLoss of class tokens, through a map without a bias."""
    student, teacher = uniform("student", (batch, 3)).float().double().requires_grad_(), unit_rows("teacher", batch)
    weight = uniform("map", (3, DIM)).float().double()
    return result(torch.mean(1 - F.cosine_similarity(student, F.linear(teacher, weight), dim=-1)), student)


def result(loss: torch.Tensor, embeddings: torch.Tensor) -> dict:
    loss.backward()
    return {"loss": rounded(loss.item()), "gradient": [rounded(x) for x in embeddings.grad.flatten().tolist()]}


def momentum() -> list[float]:
    key, query = uniform("key", (8,)), uniform("query", (8,))
    return [rounded(x) for x in (key * 0.999 + query * (1.0 - 0.999)).tolist()]
