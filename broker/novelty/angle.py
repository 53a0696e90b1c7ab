"""Look-alikes by direction: in what an image differs from the usual one, whatever by how much.

Of one kind of thing, faint examples lie near the middle of feature space and bright ones far out, along one direction.
The distance counts that against them; the angle, seen from the mean of all images, does not.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from broker.novelty.look_alikes import Nearest
from broker.novelty.recall import exact_nearest

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from broker.novelty.look_alikes import LookAlikes

_CHUNK, _TINY = 20_000, 1e-12


def directions(features: NDArray[np.floating]) -> NDArray[np.float32]:
    """Scale features (n, d) to unit length."""
    lengths = np.linalg.norm(features, axis=1, keepdims=True)
    return np.asarray(features / np.maximum(lengths, _TINY), np.float32)


def nearest_by_angle(
    look_alikes: LookAlikes, features: NDArray[np.float32], own: Sequence[NDArray[np.int64]], count: int
) -> Nearest:
    """Look at every entry, and find those in the most similar directions that are not of the object itself.

    Parameters
    ----------
    look_alikes : LookAlikes
        Opened with `lookups`.
    features : float32 array (n, d)
    own : sequence of int64 arrays
        For each the rows that do not count.
    count : int

    Returns
    -------
    Nearest
        Distances are those of the unit vectors, 0 to 2.
    """
    found = Nearest(np.full((len(features), count), -1), np.full((len(features), count), np.inf))
    asked = directions(features)
    rows = exact_nearest(asked, _directions_of(look_alikes), count + max(map(len, own), default=0))
    for place, (those, mine) in enumerate(zip(rows, own, strict=True)):
        kept = those[~np.isin(those, mine)][:count]
        found.rows[place, : len(kept)] = kept
        there = directions(look_alikes.features(kept))
        found.distances[place, : len(kept)] = np.linalg.norm(there - asked[place], axis=1)
    return found


def _directions_of(look_alikes: LookAlikes) -> Iterator[NDArray[np.float32]]:
    for start in range(0, len(look_alikes), _CHUNK):
        yield directions(look_alikes.features(np.arange(start, min(start + _CHUNK, len(look_alikes)))))
