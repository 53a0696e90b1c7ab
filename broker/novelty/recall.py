"""How often the index finds what looking at every entry finds."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from broker.novelty.manifest import Recall

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from numpy.typing import NDArray

    from broker.novelty.population_index import PopulationIndex

    Chunks = Iterable[NDArray[np.float32]]

_COUNT = 10


def measure_recall(index: PopulationIndex, queries: NDArray[np.float32], embeddings: Callable[[], Chunks]) -> Recall:
    """Measure an index's recall.

    Parameters
    ----------
    index : PopulationIndex
    queries : float32 array (n, d)
        Embeddings of images that are not in it.
    embeddings : callable
        Returns the embeddings of all its entries in the order of its rows, chunk by chunk.
    """
    if not len(queries):
        return Recall(0, None, None, None, None)
    features = index.space.features(queries)
    nobody = [np.empty(0, np.int64)] * len(queries)
    found = index.look_alikes.nearest(features, nobody, min(_COUNT, len(index.entries))).rows
    here = exact_nearest(features, (index.space.features(chunk) for chunk in embeddings()), found.shape[1])
    there = exact_nearest(queries, embeddings(), found.shape[1])
    return Recall(len(queries), _share(found, here, 1), _share(found, here), _share(found, there, 1),
                  _share(found, there))  # fmt: skip


def exact_nearest(queries: NDArray[np.float32], chunks: Chunks, count: int) -> NDArray[np.int64]:
    """Look at every entry; return the rows (n, count) of the nearest ones, nearest first."""
    asked = queries.astype(np.float64)
    rows = np.full((len(queries), 0), -1, np.int64)
    squared = np.full((len(queries), 0), np.inf)
    start = 0
    for chunk in chunks:
        # Lengths of the queries are the same for all entries, and left out.
        there = chunk.astype(np.float64)
        distances = (there**2).sum(axis=1) - 2.0 * (asked @ there.T)
        numbers = np.broadcast_to(np.arange(start, start + len(chunk)), distances.shape)
        rows, squared = np.hstack((rows, numbers)), np.hstack((squared, distances))
        nearest = min(count, squared.shape[1]) - 1
        best = np.argpartition(squared, nearest, axis=1)[:, : nearest + 1]
        rows, squared = np.take_along_axis(rows, best, 1), np.take_along_axis(squared, best, 1)
        start += len(chunk)
    return np.take_along_axis(rows, np.argsort(squared, axis=1, kind="stable"), 1)


def _share(found: NDArray[np.int64], exact: NDArray[np.int64], count: int | None = None) -> float:
    """Return which share of the exact ones was found."""
    pairs = zip(found[:, :count], exact[:, :count], strict=True)
    return float(np.mean([np.isin(one, other).mean() for other, one in pairs]))
