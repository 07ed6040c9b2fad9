"""Predictions of scikit-learn's nearest neighbours, weighted as DINO's evaluation does, on noisy clusters."""

import numpy as np
from sklearn.neighbors import KNeighborsClassifier

from formula import uniform

DIM, CLASSES = 8, 5
TEMPERATURE = 0.07


def expected() -> dict:
    gallery, queries = clusters("gallery", 60), clusters("queries", 40)
    labels = np.arange(60) % CLASSES
    return {"knn.json": {str(k): predictions(gallery, labels, queries, k) for k in (1, 5, 20, 59)}}


def clusters(name: str, rows: int) -> np.ndarray:
    """Row i belongs to class i % CLASSES; norms differ, which cosine must not see."""
    centres = uniform("centres", (CLASSES, DIM)).numpy()
    noise, scale = uniform(name, (rows, DIM)).numpy(), uniform(f"{name}.scale", (rows, 1), 0.5, 2.0).numpy()
    return ((centres[np.arange(rows) % CLASSES] + noise) * scale).astype(np.float32).astype(np.float64)


def predictions(gallery, labels, queries, k: int) -> list[int]:
    weights = lambda distance: np.exp((1 - distance) / TEMPERATURE)
    classifier = KNeighborsClassifier(n_neighbors=k, metric="cosine", algorithm="brute", weights=weights)
    return classifier.fit(gallery, labels).predict(queries).tolist()
