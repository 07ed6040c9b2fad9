"""Predictions of scikit-learn's nearest neighbours, weighted as DINO's evaluation does, on noisy clusters."""

import numpy as np
from sklearn.neighbors import KNeighborsClassifier

from clusters import CLASSES, clusters

TEMPERATURE = 0.07
ROWS, QUERIES = 500, 100


def expected() -> dict:
    gallery, queries = clusters("gallery", ROWS), clusters("queries", QUERIES)
    labels = np.arange(ROWS) % CLASSES
    return {"knn.json": {str(k): predictions(gallery, labels, queries, k) for k in (1, 10, 20, 100, 200, 499)}}


def predictions(gallery, labels, queries, k: int) -> list[int]:
    weights = lambda distance: np.exp((1 - distance) / TEMPERATURE)
    classifier = KNeighborsClassifier(n_neighbors=k, metric="cosine", algorithm="brute", weights=weights)
    return classifier.fit(gallery, labels).predict(queries).tolist()
