"""Linear probes of noisy clusters: predictions of scikit-learn's logistic regression on standardised rows of length 1,
and what MoCo's schedule of SGD makes of PyTorch's linear layer."""

import numpy as np
import torch
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import Normalizer, StandardScaler

from clusters import CLASSES, DIM, clusters
from fingerprint import rounded
from formula import uniform

ROWS, QUERIES = 60, 200


def expected() -> dict:
    gallery, queries = clusters("gallery", ROWS), clusters("queries", QUERIES)
    labels = np.arange(ROWS) % CLASSES
    return {
        "linear.json": {str(l2): predictions(gallery, labels, queries, l2) for l2 in (1, 0.1, 0.01, 0.001)},
        "linear_sgd.json": sgd(gallery, labels),
    }


def predictions(gallery, labels, queries, l2: float) -> list[int]:
    regression = LogisticRegression(C=1 / (l2 * ROWS), tol=1e-10, max_iter=10_000)
    probe = make_pipeline(Normalizer(), StandardScaler(), regression).fit(gallery, labels)
    return probe.predict(queries).tolist()


def sgd(gallery, labels) -> dict:
    """As MoCo's main_lincls.py, smaller: 12 epochs of 3 batches of 16 (of 60 rows the last 12 are left out), rate 3."""
    x, y = torch.from_numpy(gallery), torch.from_numpy(labels)
    layer = torch.nn.Linear(DIM, CLASSES).double()
    with torch.no_grad():
        layer.weight.copy_(0.01 * uniform("probe", (CLASSES, DIM)))
        layer.bias.zero_()
    optimizer = torch.optim.SGD(layer.parameters(), lr=3.0, momentum=0.9, weight_decay=0)
    for epoch in range(12):
        optimizer.param_groups[0]["lr"] = 3.0 * 0.1 ** sum(epoch >= drop for drop in (6, 9))
        for batch in torch.arange(ROWS).roll(-epoch)[:48].split(16):
            optimizer.zero_grad()
            torch.nn.functional.cross_entropy(layer(x[batch]), y[batch]).backward()
            optimizer.step()
    return {name: [rounded(v) for v in value.flatten().tolist()] for name, value in layer.state_dict().items()}
