"""The novelty of a batch of images, as the annotation tells it; a function of the rows and one opened version."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from broker.annotation import Estimate, Neighbour, Novelty, NoveltyState
from broker.novelty.labels import NEIGHBOURS
from broker.novelty.undisturbed import stacked

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from broker.novelty.population_index import PopulationIndex
    from broker.novelty.sighting import Identity, Population
    from broker.novelty.versions import Version

#: Look-alikes that an annotation names.
NAMED = 5


@dataclass(frozen=True, slots=True, eq=False)
class Image:
    """One image to be judged.

    Attributes
    ----------
    population : Population
    identity : Identity
    embedding : float array (d,) or None
        None where the image cannot be used.
    digest : str
        Of the backbone that embedded it.
    first : bool
        Whether no earlier epoch of its object is known.
    problematic : bool
        What the epoch check said.
    reason : str or None
        Why there is no embedding.
    disturbance : float32 array (measures,) or None
        Of its galaxy, where the index is of pictures.
    """

    population: Population
    identity: Identity
    embedding: NDArray[np.floating] | None
    digest: str
    first: bool = True
    problematic: bool = False
    reason: str | None = None
    disturbance: NDArray[np.float32] | None = None


@dataclass(frozen=True, slots=True)
class Judged:
    """What the index says of one image."""

    novelty: Novelty
    estimates: tuple[Estimate, ...] = ()


def judge(images: Sequence[Image], versions: Mapping[str, Version]) -> list[Judged]:
    """Judge a batch of images.

    Parameters
    ----------
    images : sequence of Image
        Of any surveys.
    versions : mapping
        The version in use of each survey that has one.

    Returns
    -------
    list of Judged
        One an image, in order. A problematic image has its distance and look-alikes, for people to see, but no
        p-value: what is wrong with it is the image.
    """
    judged: dict[int, Judged] = {}
    asked: dict[Population, list[int]] = defaultdict(list)
    for number, image in enumerate(images):
        why = _not_scored(image, versions.get(image.population.survey))
        if why is not None:
            judged[number] = Judged(why)
        else:
            asked[image.population].append(number)
    for population, numbers in asked.items():
        version = versions[population.survey]
        index = version.of(population)
        assert index is not None  # or it would not have been asked
        batch = _judge([images[number] for number in numbers], index, version.name)
        judged.update(zip(numbers, batch, strict=True))
    return [judged[number] for number in range(len(images))]


def _not_scored(image: Image, version: Version | None) -> Novelty | None:
    name = image.population.image
    if image.embedding is None:
        return Novelty(name, NoveltyState.UNREADABLE, reason=image.reason)
    if not np.isfinite(image.embedding).all():
        return Novelty(name, NoveltyState.UNREADABLE, reason="the embedding is not finite")
    if version is None:
        return Novelty(name, NoveltyState.NO_INDEX, reason="no index of this survey is in use")
    if image.digest != version.manifest.digest:
        return Novelty(name, NoveltyState.NO_INDEX, reason="the index in use is of another backbone")
    if version.of(image.population) is None:
        return Novelty(name, NoveltyState.NO_INDEX, reason="the index in use has no such band or image")
    return None


def _judge(images: Sequence[Image], index: PopulationIndex, version: str) -> list[Judged]:
    labels = index.labels
    scored = index.score(
        np.stack([np.asarray(image.embedding, np.float32) for image in images]),
        [image.identity for image in images],
        np.array([image.first for image in images], np.bool_),
        max(NAMED, NEIGHBOURS if labels else 0),
        disturbances=stacked(image.disturbance for image in images),
    )
    return [
        Judged(
            _novelty(image, index, version, scored.nearest.rows[row], scored.nearest.distances[row],
                     float(scored.p_values[row])),
            tuple(labels.estimates(scored.nearest.rows[row])) if labels else (),
        )
        for row, image in enumerate(images)
    ]  # fmt: skip


def _novelty(
    image: Image,
    index: PopulationIndex,
    version: str,
    rows: NDArray[np.int64],
    distances: NDArray[np.float64],
    p_value: float,
) -> Novelty:
    k, name = index.facts.k, image.population.image
    if not np.isfinite(distances[k - 1]):
        reason = f"the index has fewer than {k} images of other objects"
        return Novelty(name, NoveltyState.NO_INDEX, k, index_version=version, reason=reason)
    neighbours = tuple(
        Neighbour(index.entries.epoch_id(int(row)), float(distance))
        for row, distance in zip(rows[:NAMED], distances[:NAMED], strict=True)
        if row >= 0
    )
    distance = float(distances[k - 1])
    if image.problematic:
        why = "the image is problematic"
        return Novelty(name, NoveltyState.PROBLEMATIC, k, distance, None, version, neighbours, why)
    if np.isnan(p_value):
        why = "the index has no calibration"
        return Novelty(name, NoveltyState.SCORED, k, distance, None, version, neighbours, why)
    return Novelty(name, NoveltyState.SCORED, k, distance, p_value, version, neighbours)
