"""An index of very many distinct stamps: what it finds of what is there, and what it costs."""

from __future__ import annotations

import gc
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from broker.novelty.locality import locality_order, widest_axes
from broker.novelty.look_alikes import LookAlikes
from broker.novelty.recall import exact_nearest
from broker.novelty.recipe import Recipe
from broker.novelty.space import half_whitened
from consumers.evaluate_novelty.discoveries import SEED
from consumers.evaluate_novelty.embedded_fields import SHARD, shards
from consumers.evaluate_novelty.private_memory import private_bytes
from models.intervals import Figure, wilson

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from broker.embedding import Embedder

#: Images that are not in the index, and asked about.
QUERIES = 1000
#: The small index that the large one's cost is compared with.
SMALL = 10_000
_REPEATS, _COUNT, _SAMPLE = 10, 10, 10


@dataclass(frozen=True, slots=True)
class ScaleFigures:
    """One size of index.

    Attributes
    ----------
    entries : int
    at_1, at_10 : Figure
        Recall against a look at every entry, in the index's space.
    seconds : float
        CPU time of a search, the least of some rounds [s].
    compared : float
        Entries that a search computes the distance of.
    building : float
        CPU time of an entry [s].
    bytes_per_entry : float
        Of the search's file.
    private_growth : float
        Of the process's memory that no file backs, from before the index is opened to after the searches [bytes].
    """

    entries: int
    at_1: Figure
    at_10: Figure
    seconds: float
    compared: float
    building: float
    bytes_per_entry: float
    private_growth: float


def measure(folder: Path, embedder: Embedder, entries: int) -> Iterator[ScaleFigures]:
    """Measure a small index and a large one of the same stamps.

    Parameters
    ----------
    folder : Path
        Where embeddings are kept.
    embedder : Embedder
    entries : int
        Of the large one; as many stamps are simulated, and one shard more for the queries.
    """
    every = [shard[np.isfinite(shard).all(axis=1)] for shard in shards(folder, embedder, SEED, entries + SHARD)]
    recipe = Recipe()
    queries = np.asarray(every.pop()[:QUERIES], np.float32)
    space = half_whitened(np.concatenate([shard[:: _SAMPLE * len(every)] for shard in every]), recipe.axes)
    features = np.concatenate([space.features(shard) for shard in every])
    del every
    asked = space.features(queries)
    built = [
        _build(folder / f"scale-{number}.usearch", features[:count], asked, recipe)
        for number, count in enumerate((SMALL, len(features)))
    ]
    del features
    yield from _search(built, asked)


@dataclass(frozen=True, slots=True, eq=False)
class _Built:
    """An index's file, what looking at every entry finds in it, and the CPU time of building it [s an entry]."""

    file: Path
    entries: int
    exact: NDArray[np.int64]
    building: float


def _build(file: Path, features: NDArray[np.float32], asked: NDArray[np.float32], recipe: Recipe) -> _Built:
    started = time.process_time()
    order = locality_order(features[:, widest_axes(features[: 10 * SMALL])])
    index = LookAlikes.empty(features.shape[1], recipe.number)
    for start in range(0, len(order), SMALL):
        index.add(features[order[start : start + SMALL]])
    building = (time.process_time() - started) / len(features)
    index.save(file)
    ordered = (features[order[start : start + SMALL]] for start in range(0, len(order), SMALL))
    return _Built(file, len(features), exact_nearest(asked, ordered, _COUNT), building)


def _search(built: Sequence[_Built], asked: NDArray[np.float32]) -> Iterator[ScaleFigures]:
    """Search the sizes by turns, so that whatever else the machine does slows down each of them alike."""
    gc.collect()
    nobody = [np.empty(0, np.int64)] * len(asked)
    opened, found, growth = [], [], []
    for one in built:
        before = private_bytes()
        opened.append(LookAlikes.open(one.file))
        found.append(opened[-1].nearest(asked, nobody, _COUNT).rows)
        growth.append(private_bytes() - before)
    seconds = np.full((_REPEATS, len(built)), np.inf)
    for turn in range(_REPEATS):
        for number, index in enumerate(opened):
            started = time.process_time()
            index.nearest(asked, nobody, _COUNT)
            seconds[turn, number] = (time.process_time() - started) / len(asked)
    for number, one in enumerate(built):
        pairs = zip(one.exact, found[number], strict=True)
        yield ScaleFigures(
            one.entries,
            wilson(int((found[number][:, 0] == one.exact[:, 0]).sum()), len(asked)),
            wilson(sum(int(np.isin(those, these).sum()) for those, these in pairs), one.exact.size),
            float(seconds[:, number].min()),
            opened[number].compared(asked, _COUNT),
            one.building,
            one.file.stat().st_size / one.entries,
            growth[number],
        )
