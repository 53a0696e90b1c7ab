"""Epochs that say nothing new of their object: the same picture again and again would fill the index."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from numpy.typing import NDArray

    Features = Callable[[NDArray[np.intp]], NDArray[np.float32]]

#: Epochs of one object at most: each further one is compared with all, and an id that stands for everything has
#: hundreds of thousands.
MOST_EPOCHS = 256
#: Rows whose features are in memory at a time.
_CHUNK = 2000


def new_epochs(object_ids: Sequence[str], features: Features, nearest: float) -> NDArray[np.intp]:
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
        The chosen rows, ascending; of an object `MOST_EPOCHS` at most.
    """
    rows_of: dict[str, list[int]] = defaultdict(list)
    for row, name in enumerate(object_ids):
        rows_of[name].append(row)
    chosen = [row for rows in rows_of.values() for row in _new(rows, features, nearest)]
    return np.sort(np.array(chosen, np.intp))


def _new(rows: Sequence[int], features: Features, nearest: float) -> Iterator[int]:
    """Yield the chosen rows of one object."""
    if len(rows) == 1:
        yield rows[0]
        return
    kept: list[NDArray[np.float32]] = []
    for start in range(0, len(rows), _CHUNK):
        some = rows[start : start + _CHUNK]
        for row, place in zip(some, features(np.array(some, np.intp)), strict=True):
            if len(kept) == MOST_EPOCHS:
                return
            if not kept or np.linalg.norm(np.stack(kept) - place, axis=1).min() >= nearest:
                kept.append(place)
                yield row


def usual_distance(features: NDArray[np.float32], object_ids: Sequence[str]) -> float:
    """Return the median distance to the nearest image of another object; 0 where there is none."""
    names = np.unique(np.array(object_ids, object), return_inverse=True)[1]
    squares = (features.astype(np.float64) ** 2).sum(axis=1)
    squared = squares[:, None] + squares - 2.0 * features.astype(np.float64) @ features.T
    squared[names[:, None] == names] = np.inf
    nearest = squared.min(axis=1)
    finite = nearest[np.isfinite(nearest)]
    return float(np.sqrt(np.median(np.maximum(finite, 0.0)))) if len(finite) else 0.0
