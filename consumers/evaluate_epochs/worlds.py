"""Draws the simulated worlds, on all cores, and lets every rule judge their epochs."""

from __future__ import annotations

import os
from collections import defaultdict
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from multiprocessing import get_context
from typing import TYPE_CHECKING

import numpy as np

from broker.cutout import Cutout
from broker.geometry import Geometry, SkyFrame
from broker.stamp_pair import Stamp, StampPair
from consumers.evaluate_epochs.judged import JudgedEpoch
from consumers.evaluate_epochs.rules import by_features, by_pixels, statistics_of_good
from models.baselines.robust_z import Spread
from models.train.scenes import FORMATS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from concurrent.futures import Executor

    from numpy.typing import NDArray

    from broker.examiner import Examined, Examiner
    from consumers.evaluate_epochs.rules import Scores
    from models.simulate.worlds.observed import Exposure, Observed

MONITORING, ALERT_SELECTED = "monitoring", "alert-selected"
WORLDS = (MONITORING, ALERT_SELECTED)

#: Objects that one task draws; a part of the recipe, since each task has its own random numbers.
TASK = 4

#: No rule is measured on these: they are the good epochs that the robust z-score starts from.
POPULATION_SEED = 1
POPULATION = {MONITORING: 8, ALERT_SELECTED: 48}

#: Pairs of images examined at once.
BATCH = 256


@contextmanager
def workers(processes: int | None = None) -> Iterator[Executor]:
    """Start processes; each computes on one core, so that together they do not compete for it."""
    threads = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    before = {name: os.environ.get(name) for name in threads}
    os.environ.update(threads)  # read once, when a process first imports numpy
    try:
        with ProcessPoolExecutor(processes or len(os.sched_getaffinity(0)), get_context("spawn")) as pool:
            yield pool
    finally:
        for name, value in before.items():
            os.environ.pop(name) if value is None else os.environ.update({name: value})


def populations(pool: Executor, worlds: Iterable[str]) -> dict[str, Spread]:
    """Measure the image statistics of good epochs, by the stamps' format, on objects of a seed of their own."""
    found: defaultdict[str, list[NDArray[np.float64]]] = defaultdict(list)
    for world in worlds:
        tasks = _tasks(world, POPULATION[world], POPULATION_SEED)
        for part in pool.map(_statistics, *zip(*tasks, strict=True)):
            for form, statistics in part:
                found[form].append(statistics)
    return {name: Spread.of(np.concatenate(parts)) for name, parts in found.items()}


def drawn(pool: Executor, world: str, objects: int, seed: int) -> Iterator[Observed]:
    """Draw a world's objects, each as soon as it is there, in order."""
    for part in pool.map(_draw, *zip(*_tasks(world, objects, seed), strict=True)):
        yield from part


def judge(
    pool: Executor,
    world: str,
    observed: Iterable[Observed],
    examiner: Examiner,
    spreads: Mapping[str, Spread],
    progress: Callable[[], None],
    first: int = 0,
) -> list[JudgedEpoch]:
    """Let every rule judge a world's epochs.

    Parameters
    ----------
    pool : Executor
        For the rules that work on pixels.
    world : str
        For the result.
    observed : iterable of Observed
    examiner : Examiner
    spreads : mapping
        What `populations` measured.
    progress : callable
        Called when an object's features are known, and again when its pixels are judged.
    first : int
        Number of the first object.
    """
    waiting = []
    for one in observed:
        examined = examine(examiner, [stamp_pair(one, exposure) for exposure in one.exposures])
        readable = [result.embedded.science_embedding is not None for result in examined]
        waiting.append((one, examined, pool.submit(by_pixels, one, readable, spreads)))
        progress()
    judged: list[JudgedEpoch] = []
    for number, (one, examined, pixels) in enumerate(waiting, first):
        judged += _joined(world, number, one, examined, pixels.result())
        progress()
    return judged


def examine(examiner: Examiner, pairs: Sequence[StampPair]) -> list[Examined]:
    """Examine any number of pairs, batch by batch."""
    return [
        result for start in range(0, len(pairs), BATCH) for result in examiner.examine(pairs[start : start + BATCH])
    ]


def stamp_pair(observed: Observed, exposure: Exposure) -> StampPair:
    """Put an exposure into the form that packets have after decoding."""
    across = 1.0 / observed.pixel_scale
    geometry = Geometry(observed.x, observed.y, (across, 0.0, 0.0, across), north_known=False)
    science, reference = (Stamp(Cutout(image, {}), geometry) for image in (exposure.science, observed.reference))
    form = FORMATS[observed.format]
    frame = SkyFrame(form.frame_side, form.frame_scale)
    return StampPair(science, reference, frame, exposure.fwhm * observed.pixel_scale)


def _joined(
    world: str, number: int, observed: Observed, examined: Sequence[Examined], pixels: Sequence[Scores]
) -> Iterator[JudgedEpoch]:
    earlier = 0
    for exposure, result, features, classical in zip(
        observed.exposures, examined, by_features(examined), pixels, strict=True
    ):
        readable = result.embedded.science_embedding is not None
        yield JudgedEpoch(world, number, observed, exposure, earlier, readable, features | classical)
        earlier += readable


def _tasks(world: str, objects: int, seed: int) -> list[tuple[str, int, int]]:
    """Split a world into tasks, each with a seed of its own: as many whatever the number of cores."""
    counts = [min(TASK, objects - start) for start in range(0, objects, TASK)]
    place = WORLDS.index(world)
    seeds = (int(np.random.SeedSequence([seed, place, task]).generate_state(1)[0]) for task in range(len(counts)))
    return [(world, count, one) for count, one in zip(counts, seeds, strict=True)]


def _draw(world: str, objects: int, seed: int) -> list[Observed]:
    from models.simulate.worlds.alert_selected import alert_selected
    from models.simulate.worlds.monitoring import monitoring

    return list(monitoring(objects, seed) if world == MONITORING else alert_selected(objects, seed))


def _statistics(world: str, objects: int, seed: int) -> list[tuple[str, NDArray[np.float64]]]:
    return [(one.format, statistics_of_good(one)) for one in _draw(world, objects, seed)]
