"""The search for look-alikes: an index of features, in which an object is never its own neighbour.

An HNSW graph (Malkov & Yashunin 2018, by usearch) finds nearly always the nearest entries; where certainty is worth
the time, the same entries are searched through one by one.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray
    from usearch.index import Index

Number = Literal["f32", "f16"]

#: Squared Euclidean distance: usearch's own default is the cosine.
METRIC = "l2sq"
#: Links of an entry, and the width of the search while building and while searching.
CONNECTIVITY, WIDTH_BUILDING, WIDTH_SEARCHING = 16, 128, 128
#: An object with more epochs than this in the index is searched for one by one, so that the others need not wait.
MOST_OWN = 64


@dataclass(frozen=True, slots=True, eq=False)
class Nearest:
    """Look-alikes of n images, nearest first.

    Attributes
    ----------
    rows : int64 array (n, k)
        -1 where the index has no more.
    distances : float64 array (n, k)
        Euclidean, in the index's space; infinite where the index has no more.
    """

    rows: NDArray[np.int64]
    distances: NDArray[np.float64]


class LookAlikes:
    """An index of features.

    Parameters
    ----------
    index : usearch.index.Index
    threads : int
        Of a search.
    """

    def __init__(self, index: Index, threads: int = 1) -> None:
        self._index = index
        self._threads = threads

    @classmethod
    def empty(cls, dimensions: int, number: Number, threads: int = 1) -> LookAlikes:
        """Make one to be filled."""
        from usearch.index import Index

        return cls(
            Index(
                ndim=dimensions,
                metric=METRIC,
                dtype=number,
                connectivity=CONNECTIVITY,
                expansion_add=WIDTH_BUILDING,
                expansion_search=WIDTH_SEARCHING,
                enable_key_lookups=False,
            ),
            threads,
        )

    @classmethod
    def open(cls, path: Path, threads: int = 1, *, lookups: bool = False) -> LookAlikes:
        """Map a file; a worker that only searches does without `lookups`, which cost memory of its own.

        Raises
        ------
        RuntimeError or ValueError
            The file is none of usearch's.
        """
        from usearch.index import Index

        width = {"expansion_search": WIDTH_SEARCHING}  # not in the file
        index = Index.restore(str(path), view=True, enable_key_lookups=lookups, **width)
        if index is None:
            raise ValueError(f"{path} is no index")
        return cls(index, threads)

    def __len__(self) -> int:
        return len(self._index)

    @property
    def dimensions(self) -> int:
        """Of the features."""
        return int(self._index.ndim)

    def add(self, features: NDArray[np.float32]) -> None:
        """Append entries; their rows go on where the last ones ended."""
        start = len(self._index)
        rows = np.arange(start, start + len(features), dtype=np.uint64)
        self._index.add(rows, features, threads=self._threads, copy=True)

    def save(self, path: Path) -> None:
        """Write the index into a file."""
        self._index.save(str(path))

    def features(self, rows: NDArray[np.int64]) -> NDArray[np.float32]:
        """Return the features of some rows, as rounded; only where opened with `lookups`."""
        return np.asarray(self._index.get(rows.astype(np.uint64), "f32")).reshape(len(rows), -1)

    def compared(self, features: NDArray[np.float32], count: int) -> float:
        """Return how many entries a search for so many computes the distance of, in the mean."""
        return float(self._index.search(features, count, threads=self._threads).computed_distances) / len(features)

    def nearest(
        self, features: NDArray[np.float32], own: Sequence[NDArray[np.int64]], count: int, *, exact: bool = False
    ) -> Nearest:
        """Find the nearest entries that are not of the object itself.

        Parameters
        ----------
        features : float32 array (n, dimensions)
        own : sequence of int64 arrays
            For each the rows that do not count.
        count : int
            How many to find.
        exact : bool
            Look at every entry.
        """
        found = Nearest(np.full((len(features), count), -1), np.full((len(features), count), np.inf))
        many = np.array([len(rows) > MOST_OWN for rows in own], bool)
        self._fill(found, features, own, np.flatnonzero(~many), exact=exact)
        if not exact:
            # The graph may lead to fewer entries than there are.
            wanted = np.minimum(count, len(self) - np.array([len(rows) for rows in own], int))
            many |= (found.rows >= 0).sum(axis=1) < wanted
        for one in np.flatnonzero(many):
            self._fill(found, features, own, np.array([one]), exact=True)
        return found

    def _fill(
        self,
        found: Nearest,
        features: NDArray[np.float32],
        own: Sequence[NDArray[np.int64]],
        asked: NDArray[np.intp],
        *,
        exact: bool,
    ) -> None:
        """Ask for as many more as could be left out."""
        from usearch.index import Matches

        count = found.rows.shape[1]
        more = min(count + max((len(own[one]) for one in asked), default=0), len(self))
        if not len(asked) or not more:
            return
        matches = self._index.search(features[asked], more, threads=self._threads, exact=exact)
        # One query's matches come without the others'.
        each = [matches] if isinstance(matches, Matches) else [matches[place] for place in range(len(asked))]
        for one, those in zip(asked, each, strict=True):
            rows, squared = np.asarray(those.keys).astype(np.int64), np.asarray(those.distances, np.float64)
            kept = np.flatnonzero(~np.isin(rows, own[one]))[:count]
            found.rows[one, : len(kept)] = rows[kept]
            found.distances[one, : len(kept)] = np.sqrt(np.maximum(squared[kept], 0.0))
