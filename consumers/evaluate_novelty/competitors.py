"""The novelty scores that ours is measured against, on the same features: embeddings as they are."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    Floats = NDArray[np.floating]

FIRST_NEIGHBOUR, LOF, FOREST = "first neighbour", "LOF, 50 neighbours", "isolation forest"
#: Astronomaly's defaults.
NEIGHBOURS, TREES = 50, 100


def competitors(known: Floats, asked: Floats) -> Mapping[str, NDArray[np.float64]]:
    """Score images (m, d) by ordinary ones of other objects (n, d): the higher, the more novel.

    Distance of the first neighbour (Cavuoti et al.), local outlier factor (Breunig et al. 2000), isolation forest (Liu
    et al. 2008); the last two by scikit-learn.
    """
    from sklearn.ensemble import IsolationForest
    from sklearn.neighbors import LocalOutlierFactor

    factor = LocalOutlierFactor(n_neighbors=min(NEIGHBOURS, len(known) - 1), novelty=True).fit(known)
    forest = IsolationForest(n_estimators=TREES, random_state=0).fit(known)
    distances, _ = factor.kneighbors(asked, n_neighbors=1)
    return {
        FIRST_NEIGHBOUR: np.asarray(distances[:, 0], np.float64),
        LOF: -factor.score_samples(asked),
        FOREST: -forest.score_samples(asked),
    }
