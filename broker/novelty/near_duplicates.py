"""Epochs that say nothing new of their object: the same picture again and again would fill the index."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray


def new_epochs(
    object_ids: Sequence[str], features: Callable[[NDArray[np.intp]], NDArray[np.float32]], nearest: float
) -> NDArray[np.intp]:
    """Choose epochs: of each object the first given, and every further one that is far from all chosen before.

    Parameters
    ----------
    object_ids : sequence of str
        Of each row.
    features : callable
        Returns the features of some rows.
    nearest : float
        How near another epoch of the object may be.

    Returns
    -------
    int array
        The chosen rows, ascending.
    """
    rows_of: dict[str, list[int]] = defaultdict(list)
    for row, name in enumerate(object_ids):
        rows_of[name].append(row)
    chosen: list[int] = []
    for rows in rows_of.values():
        if len(rows) == 1:
            chosen += rows
            continue
        places = features(np.array(rows, np.intp))
        kept = [0]
        for one in range(1, len(rows)):
            if np.linalg.norm(places[kept] - places[one], axis=1).min() >= nearest:
                kept.append(one)
        chosen += [rows[one] for one in kept]
    return np.sort(np.array(chosen, np.intp))


def usual_distance(features: NDArray[np.float32], object_ids: Sequence[str]) -> float:
    """Return the median distance to the nearest image of another object; 0 where there is none."""
    names = np.unique(np.array(object_ids, object), return_inverse=True)[1]
    squares = (features.astype(np.float64) ** 2).sum(axis=1)
    squared = squares[:, None] + squares - 2.0 * features.astype(np.float64) @ features.T
    squared[names[:, None] == names] = np.inf
    nearest = squared.min(axis=1)
    finite = nearest[np.isfinite(nearest)]
    return float(np.sqrt(np.median(np.maximum(finite, 0.0)))) if len(finite) else 0.0
