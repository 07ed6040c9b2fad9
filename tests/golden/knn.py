"""Predictions of scikit-learn's nearest neighbours, weighted as DINO's evaluation does, on noisy clusters."""

import numpy as np
from sklearn.neighbors import KNeighborsClassifier

from clusters import CLASSES, clusters

TEMPERATURE = 0.07
# exp(1 / temperature) is beyond float64 below 0.0014: votes are measured by the nearest neighbour's.
LOW_TEMPERATURE = 0.0005
ROWS, QUERIES = 500, 100


def expected() -> dict:
    gallery, queries = clusters("gallery", ROWS), clusters("queries", QUERIES)
    labels = np.arange(ROWS) % CLASSES
    return {
        "knn.json": {str(k): predictions(gallery, labels, queries, k) for k in (1, 10, 20, 100, 200, 499)},
        "knn_low_temperature.json": {
            str(k): predictions(gallery, labels, queries, k, LOW_TEMPERATURE) for k in (1, 20, 499)
        },
    }


def predictions(gallery, labels, queries, k: int, temperature: float = TEMPERATURE) -> list[int]:
    weights = lambda distance: np.exp((distance.min(axis=1, keepdims=True) - distance) / temperature)
    classifier = KNeighborsClassifier(n_neighbors=k, metric="cosine", algorithm="brute", weights=weights)
    return classifier.fit(gallery, labels).predict(queries).tolist()
