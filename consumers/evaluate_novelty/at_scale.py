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
from models.intervals import Figure, wilson

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from broker.embedding import Embedder

#: Images that are not in the index, and asked about.
QUERIES = 1000
#: The small index that the large one's cost is compared with.
SMALL = 10_000
_REPEATS, _COUNT, _SAMPLE = 5, 10, 10


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
    for count in (SMALL, len(features)):
        yield _measure(folder / "scale.usearch", features[:count], space.features(queries), recipe)


def _measure(file: Path, features: NDArray[np.float32], queries: NDArray[np.float32], recipe: Recipe) -> ScaleFigures:
    started = time.process_time()
    order = locality_order(features[:, widest_axes(features[: 10 * SMALL])])
    index = LookAlikes.empty(features.shape[1], recipe.number)
    for start in range(0, len(order), SMALL):
        index.add(features[order[start : start + SMALL]])
    building = (time.process_time() - started) / len(features)
    index.save(file)
    del index
    gc.collect()
    ordered = (features[order[start : start + SMALL]] for start in range(0, len(order), SMALL))
    exact = exact_nearest(queries, ordered, _COUNT)
    before = private_bytes()
    opened = LookAlikes.open(file)
    nobody = [np.empty(0, np.int64)] * len(queries)
    found = opened.nearest(queries, nobody, _COUNT).rows
    seconds = []
    for _ in range(_REPEATS):
        started = time.process_time()
        opened.nearest(queries, nobody, _COUNT)
        seconds.append((time.process_time() - started) / len(queries))
    return ScaleFigures(
        len(features),
        wilson(int((found[:, 0] == exact[:, 0]).sum()), len(queries)),
        wilson(sum(int(np.isin(one, other).sum()) for one, other in zip(exact, found, strict=True)), exact.size),
        min(seconds),
        opened.compared(queries, _COUNT),
        building,
        file.stat().st_size / len(features),
        private_bytes() - before,
    )


def private_bytes() -> float:
    """Return the process's memory that no file backs, as Linux tells it."""
    (line,) = (line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("RssAnon"))
    return float(line.split()[1]) * 1024
