"""Build the index of one population, and calibrate it: the method, step by step.

1. leave out problematic epochs, and set some objects aside: they calibrate and are never in the index,
2. find the space by a sample of the others, and by what is known of them,
3. leave out epochs that say nothing new of their object,
4. put the rest into the graph, neighbours side by side,
5. measure how far each entry's own look-alikes are,
6. score the objects that were set aside, with the very search that a worker uses,
7. measure with them how often the graph finds what looking at every entry finds.
"""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from broker.novelty.calibration import Calibration
from broker.novelty.entries import Entries, object_key
from broker.novelty.false_positives import FalsePositives
from broker.novelty.locality import locality_order, widest_axes
from broker.novelty.look_alikes import METRIC, LookAlikes
from broker.novelty.manifest import CalibrationFacts, Dropped, PopulationFacts, Recall
from broker.novelty.near_duplicates import new_epochs, usual_distance
from broker.novelty.population_index import (
    CALIBRATION,
    INDEX,
    ODDITY,
    SPACE,
    THUMBNAILS,
    UNDISTURBED,
    USUAL,
    PopulationIndex,
)
from broker.novelty.recall import measure_recall
from broker.novelty.score import neighbour_number
from broker.novelty.space import as_embedded, half_whitened, taught
from broker.novelty.spool import CHUNK, Rows
from broker.novelty.undisturbed import Undisturbed
from models import oddity_network
from schemas.errors import NoveltyIndexError

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from broker.novelty.labels import Table
    from broker.novelty.recipe import Recipe
    from broker.novelty.space import Space
    from broker.novelty.spool import Spooled

#: Rows whose principal axes stand for all.
SAMPLE = 10_000
#: Held-out images that the recall is measured with.
RECALL_QUERIES = 500
#: With fewer, first and later epochs are not told apart.
FEWEST_SCORES = 100
#: Share of the calibration's scores, the highest, that are made by looking at every entry.
CHECKED_SHARE = 0.02
#: An index of fewer entries answers nothing.
FEWEST_ENTRIES = 2
#: What a row's ids and places take while an index is built, and an entry's links [bytes].
_IDS_BYTES, _LINKS_BYTES = 2000, 800


def build_population(spooled: Spooled, folder: Path, recipe: Recipe, labels: Table | None = None) -> PopulationIndex:
    """Build one population's files.

    Parameters
    ----------
    spooled : Spooled
    folder : Path
        An empty one; its name goes into the facts.
    recipe : Recipe
    labels : Table, optional
        What is known of some objects; it has a say in who is alike.

    Returns
    -------
    PopulationIndex
        As opened from the files.

    Raises
    ------
    NoveltyIndexError
        Too few images are left.
    """
    rng = np.random.default_rng(recipe.seed)
    population = spooled.sightings[0].population
    first = first_epochs(spooled)
    indexed, aside, problematic = _split(spooled, recipe, rng)
    if len(indexed) < FEWEST_ENTRIES:
        raise NoveltyIndexError(f"{population}: {len(indexed)} usable images are too few for an index")
    sample = indexed.some(np.sort(rng.permutation(len(indexed))[:SAMPLE]))
    space = _space(sample, recipe, labels)
    new = _new(indexed, space, recipe, rng)
    entries_of = indexed.some(new)
    axes = widest_axes(space.features(sample.embeddings()))
    places = np.concatenate([space.features(chunk.embeddings())[:, axes] for chunk in entries_of.chunks()])
    entries_of = entries_of.some(locality_order(places))

    look_alikes = LookAlikes.empty(space.dimensions, recipe.number, recipe.threads)
    for chunk in entries_of.chunks():
        look_alikes.add(space.features(chunk.embeddings()))
    entries = _entries(entries_of)
    objects = len(np.unique(entries.sorted_objects))
    score, network, measures = recipe.score, None, None
    if recipe.score == "odd":
        measures = entries_of.disturbances()
        network = oddity_network.known_to(spooled.sightings[0].digest) if measures is None else None
        score = "disturbed" if measures is not None else "relative" if network is None else "odd"
    facts = PopulationFacts(
        band=population.band,
        image=population.image,
        folder=folder.name,
        entries=len(entries),
        objects=objects,
        space=space.name,
        dimensions=space.dimensions,
        number=recipe.number,
        metric=METRIC,
        threads=recipe.threads,
        score=score,
        k=neighbour_number(score, objects),
        bytes_per_entry=0.0,
        recall=Recall(0, None, None, None, None),
        dropped=Dropped(problematic, spooled.repeated, spooled.not_finite, len(indexed) - len(new), spooled.for_memory),
        calibration=CalibrationFacts(0, 0, 0, pooled=True, tails=0),
    )
    _save(folder, space, look_alikes, entries, entries_of)
    np.save(folder / USUAL, np.empty(0, np.float32))
    if network is not None:
        network.save(folder / ODDITY)
    if measures is not None:
        Undisturbed.of(measures).save(folder / UNDISTURBED)
    _save_calibration(folder, np.empty(0), np.empty(0))
    FalsePositives.of(aside.sightings()).save(folder)
    if score != "first-neighbour":
        np.save(folder / USUAL, _usual(PopulationIndex.open(folder, facts, recipe.threads), entries_of))
    index = PopulationIndex.open(folder, facts, recipe.threads)
    facts = replace(
        facts,
        calibration=_calibrate(index, aside, first),
        recall=measure_recall(
            index,
            aside.some(np.sort(rng.permutation(len(aside))[:RECALL_QUERIES])).embeddings(),
            lambda: (chunk.embeddings() for chunk in entries_of.chunks()),
        ),
        bytes_per_entry=round(sum(path.stat().st_size for path in folder.iterdir()) / len(entries), 1),
    )
    return PopulationIndex.open(folder, facts, recipe.threads)


def row_bytes(recipe: Recipe, dimensions: int) -> int:
    """Return what a row of so many features takes while an index is built [bytes]."""
    numbers = dimensions if recipe.space == "embedding" else recipe.axes
    return _IDS_BYTES + _LINKS_BYTES + numbers * (4 if recipe.number == "f32" else 2)


def first_epochs(spooled: Spooled) -> NDArray[np.bool_]:
    """Tell for each row whether it is its object's first, in this band."""
    earliest: dict[str, tuple[float, str]] = {}
    keys = [(-np.inf if one.mjd is None else one.mjd, one.epoch_id) for one in spooled.sightings]
    for one, key in zip(spooled.sightings, keys, strict=True):
        name = one.identity.object_id
        earliest[name] = min(earliest.get(name, key), key)
    return np.array(
        [earliest[one.identity.object_id] == key for one, key in zip(spooled.sightings, keys, strict=True)], np.bool_
    )


def _split(spooled: Spooled, recipe: Recipe, rng: np.random.Generator) -> tuple[Rows, Rows, int]:
    """Set objects aside for calibration, and leave out problematic epochs of both kinds."""
    keys = np.array([object_key(one.identity.object_id) for one in spooled.sightings], np.uint64)
    good = np.array([not one.problematic for one in spooled.sightings], np.bool_)
    objects = np.unique(keys[good])
    chosen = rng.permutation(len(objects))[: round(recipe.calibration_share * len(objects))]
    aside = np.isin(keys, objects[chosen])
    return (
        Rows(spooled, np.flatnonzero(good & ~aside)),
        Rows(spooled, np.flatnonzero(good & aside)),
        int((~good).sum()),
    )


def _space(sample: Rows, recipe: Recipe, labels: Table | None) -> Space:
    embeddings = sample.embeddings()
    if recipe.space == "embedding":
        return as_embedded(embeddings.shape[1])
    space = half_whitened(embeddings, recipe.axes)
    ids = [who.object_id for who in sample.identities()]
    return space if labels is None else taught(space, embeddings, labels.of(ids))


def _new(indexed: Rows, space: Space, recipe: Recipe, rng: np.random.Generator) -> NDArray[np.intp]:
    sample = indexed.some(rng.permutation(len(indexed))[:CHUNK])
    names = [who.object_id for who in indexed.identities()]
    usual = usual_distance(space.features(sample.embeddings()), [who.object_id for who in sample.identities()])
    return new_epochs(
        names, lambda which: space.features(indexed.some(which).embeddings()), recipe.near_duplicate * usual
    )


def _entries(rows: Rows) -> Entries:
    sightings = rows.sightings()
    return Entries.of(
        rows.identities(),
        [one.epoch_id for one in sightings],
        np.array([np.nan if one.mjd is None else one.mjd for one in sightings], np.float64),
    )


def _save(folder: Path, space: Space, look_alikes: LookAlikes, entries: Entries, rows: Rows) -> None:
    folder.mkdir(parents=True)
    look_alikes.save(folder / INDEX)
    entries.save(folder)
    np.savez(folder / SPACE, mean=space.mean, axes=space.axes)
    if (thumbnails := rows.thumbnails()) is not None:
        np.save(folder / THUMBNAILS, thumbnails)


def _usual(index: PopulationIndex, rows: Rows) -> NDArray[np.float32]:
    """Measure the distance of each entry's own k-th neighbour."""
    k = index.facts.k
    found = [index.nearest(chunk.embeddings(), chunk.identities(), k).distances[:, k - 1] for chunk in rows.chunks()]
    distances = np.concatenate(found)
    finite = np.isfinite(distances)
    if not finite.any():
        raise NoveltyIndexError(f"{index.folder.name}: no entry has {k} look-alikes of other objects")
    return np.where(finite, distances, distances[finite].max()).astype(np.float32)


def _calibrate(index: PopulationIndex, aside: Rows, first: NDArray[np.bool_]) -> CalibrationFacts:
    """Score what was set aside, and freeze the scores beside the index."""

    def scores(rows: Rows, *, exact: bool) -> NDArray[np.float64]:
        judged = (
            index.score(
                chunk.embeddings(),
                chunk.identities(),
                first[chunk.which],
                exact=exact,
                disturbances=chunk.disturbances(),
            ).scores
            for chunk in rows.chunks()
        )
        return np.concatenate([*judged, np.empty(0)])

    every = scores(aside, exact=False)
    # As a worker does with low p-values: in the tail, what the graph misses would count.
    high = np.argsort(every)[len(every) - math.ceil(CHECKED_SHARE * len(every)) :]
    every[high] = scores(aside.some(high), exact=True)
    known, is_first = np.isfinite(every), first[aside.which]
    of_first, of_later = every[known & is_first], every[known & ~is_first]
    pooled = min(len(of_first), len(of_later)) < FEWEST_SCORES
    if pooled:
        _save_calibration(index.folder, every[known], every[known])
    else:
        _save_calibration(index.folder, of_first, of_later)
    used = (every[known],) if pooled else (of_first, of_later)
    tails = sum(tail.excesses for one in used if (tail := Calibration.of(one).tail) is not None)
    objects = len({who.object_id for who in aside.identities()})
    return CalibrationFacts(objects, len(of_first), len(of_later), pooled=pooled, tails=tails)


def _save_calibration(folder: Path, first: NDArray[np.float64], later: NDArray[np.float64]) -> None:
    np.savez(folder / CALIBRATION, first=np.sort(first), later=np.sort(later))
