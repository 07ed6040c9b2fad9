"""Principal components by scikit-learn, of noisy clusters and of fewer rows than dimensions."""

import numpy as np
from sklearn.decomposition import PCA

from clusters import clusters
from formula import uniform

COMPONENTS, PROJECTED = 2, 5


def expected() -> dict:
    wide = uniform("wide", (12, 40)).numpy().astype(np.float64)
    return {"principal_components.json": {"clusters": of(clusters("gallery", 200)), "wide": of(wide)}}


def of(rows: np.ndarray) -> dict:
    fitted = PCA(COMPONENTS, svd_solver="full").fit(rows)
    return {
        "mean": fitted.mean_.tolist(),
        "directions": fitted.components_.tolist(),
        "shares": fitted.explained_variance_ratio_.tolist(),
        "projected": fitted.transform(rows[:PROJECTED]).tolist(),
    }
