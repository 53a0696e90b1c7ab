"""The order of an index's entries: what is near in feature space is near in the file.

A search reads a few hundred entries and their links, nearly all of one neighbourhood. Where these lie side by side, the
memory's caches and pages hold many of them at once; in any other order each is a trip to memory of its own, and a large
index is several times slower than a small one (Coleman et al. 2022, arXiv 2104.03221, reorder graphs to this end).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

#: Axes that decide: those of the largest variance. With 8 of 64, and boxes of 64, a search among a million costs an
#: eighth more; directions that are no axes, such as the principal one of each box, make it no cheaper than these do.
AXES = 24
#: Entries of a box that is not halved any more, and places that tell along which axis the others are halved.
_LEAF, _SAMPLE = 16, 4096


def widest_axes(sample: NDArray[np.floating]) -> NDArray[np.intp]:
    """Return the axes along which a sample of features (n, dimensions) scatters most."""
    return np.argsort(-sample.var(axis=0), kind="stable")[:AXES]


def locality_order(places: NDArray[np.floating]) -> NDArray[np.intp]:
    """Order places (n, axes) by halving them along their widest axis, again and again: the leaves of a k-d tree."""
    return np.concatenate([np.empty(0, np.intp), *_leaves(places, np.arange(len(places)))])


def _leaves(places: NDArray[np.floating], rows: NDArray[np.intp]) -> Iterator[NDArray[np.intp]]:
    if len(rows) <= _LEAF:
        yield rows
        return
    axis = int(places[rows[:: len(rows) // _SAMPLE + 1]].var(axis=0).argmax())
    half = len(rows) // 2
    order = np.argpartition(places[rows, axis], half)
    yield from _leaves(places, rows[order[:half]])
    yield from _leaves(places, rows[order[half:]])
