"""The nearest look-alikes of images, or of an object that the index holds."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

import numpy as np

from broker.novelty.angle import nearest_by_angle
from broker.novelty.labels import NEIGHBOURS
from broker.novelty.sighting import Identity, Population
from broker.novelty.versions import open_current, surveys
from consumers.look_alikes.sheet import Strip, Tile, save_sheet
from schemas.errors import NoveltyIndexError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from broker.annotation import Estimate
    from broker.novelty.population_index import PopulationIndex
    from broker.novelty.versions import Version
    from consumers.look_alikes.sightings import Seen

#: By the distance in the index's space, or by the angle there.
Measure = Literal["distance", "angle"]


@dataclass(frozen=True, slots=True, eq=False)
class LookAlike:
    """One entry that looks like what was asked.

    Attributes
    ----------
    object_id, epoch_id : str
    distance : float
        In the index's space, or between the unit vectors there; of several queries the smallest.
    votes : int
        By how many queries it was proposed.
    thumbnail : uint8 array (side, side) or None
    """

    object_id: str
    epoch_id: str
    distance: float
    votes: int
    thumbnail: NDArray[np.uint8] | None


@dataclass(frozen=True, slots=True, eq=False)
class Answer:
    """The look-alikes of one query.

    Attributes
    ----------
    query : str
    picture : uint8 array (side, side) or None
    found : tuple of LookAlike
        Nearest first.
    estimates : tuple of Estimate
        Where the index is labelled.
    """

    query: str
    picture: NDArray[np.uint8] | None
    found: tuple[LookAlike, ...]
    estimates: tuple[Estimate, ...]


def known_surveys(root: Path) -> list[str]:
    """Return the surveys that a folder of indexes has.

    Raises
    ------
    NoveltyIndexError
        There are none.
    """
    names = surveys(root)
    if not names:
        raise NoveltyIndexError(f"{root} holds no index: make one with 'sosia index build'")
    return names


def open_index(root: Path, survey: str | None, *, lookups: bool = False) -> Version:
    """Open the index in use of a survey, or of the only one that there is.

    Raises
    ------
    NoveltyIndexError
        There is none, or there are several to choose from.
    """
    names = [survey] if survey else known_surveys(root)
    if len(names) != 1:
        raise NoveltyIndexError(f"{root} holds indexes of {', '.join(names)}: choose one with --survey")
    return open_current(root, names[0], lookups=lookups)


def similar_to_image(
    version: Version, seen: Seen, count: int, band: str | None = None, by: Measure = "distance"
) -> Answer:
    """Find an image's look-alikes, by looking at every entry.

    Parameters
    ----------
    version : Version
    seen : Seen
    count : int
        How many.
    band : str, optional
        Whose images to look among; by default the image's own, and for a picture, which has none, the only one.
    by : {"distance", "angle"}
        By angle, the version is opened with `lookups`.

    Raises
    ------
    NoveltyIndexError
        The image is of another survey, band or backbone than the index, or its embedding is damaged.
    """
    one = seen.sighting
    assert one is not None  # asked only of what could be embedded
    if one.digest != version.manifest.digest:
        raise NoveltyIndexError(
            f"{seen.file} was embedded by backbone {one.digest[:12]}, and the index by {version.manifest.digest[:12]}: "
            f"look with the index's backbone and survey ({version.manifest.survey})"
        )
    wanted = one.population if band is None else replace(one.population, band=band)
    index = version.of(wanted)
    if index is None:
        index = _only_population(version, wanted)
    if len(one.embedding) != len(index.space.mean) or not np.isfinite(one.embedding).all():
        raise NoveltyIndexError(f"{seen.file}: its embedding is damaged, and no backbone's; embed the image again")
    features, own = index.space.features(one.embedding[None]), index.entries.own(one.identity)
    return _answer(index, str(seen.file), one.thumbnail, features, own, count, by)


def _only_population(version: Version, wanted: Population) -> PopulationIndex:
    """Return the only population: a picture has no band, and where there is no choice it is meant."""
    if len(version.populations) == 1:
        return next(iter(version.populations.values()))
    bands = ", ".join(sorted({band for band, _ in version.populations}))
    raise NoveltyIndexError(f"the index has the bands {bands}, and not {wanted}: choose one with --band")


def similar_to_entry(version: Version, name: str, count: int, by: Measure = "distance") -> Iterator[Answer]:
    """Find the look-alikes of an object, or of one of its epochs, that the index holds: one answer a band and image.

    Parameters
    ----------
    version : Version
        Opened with `lookups`.
    name : str
        Object id or epoch id; of an object the newest epoch is taken.
    by : {"distance", "angle"}

    Raises
    ------
    NoveltyIndexError
        The index holds no such object or epoch.
    """
    found = False
    for (band, image), index in version.populations.items():
        row = _row(index, name)
        if row is None:
            continue
        found = True
        own = index.entries.own(_identity(index, row))
        features = index.look_alikes.features(np.array([row]))
        title = " ".join(part for part in (name, band, image) if part)
        yield _answer(index, title, _thumbnail(index, row), features, own, count, by)
    if not found:
        raise NoveltyIndexError(f"version {version.name} holds no object or epoch {name!a}, and there is no such file")


def _row(index: PopulationIndex, name: str) -> int | None:
    rows = index.entries.of_object(name)
    if len(rows):
        return int(rows[np.argmax(np.nan_to_num(index.entries.mjd[rows], nan=-np.inf))])
    return next((row for row in range(len(index.entries)) if index.entries.epoch_id(row) == name), None)


def _identity(index: PopulationIndex, row: int) -> Identity:
    entries = index.entries
    ra, dec = float(entries.ra[row]), float(entries.dec[row])
    known = np.isfinite(ra) and np.isfinite(dec)
    return Identity(entries.object_id(row), ra if known else None, dec if known else None)


def _answer(
    index: PopulationIndex,
    query: str,
    picture: NDArray[np.uint8] | None,
    features: NDArray[np.float32],
    own: NDArray[np.int64],
    count: int,
    by: Measure,
) -> Answer:
    """Look at every entry; what look-alikes tell of an image's properties rests on the nearest by distance."""
    near = index.look_alikes.nearest(features, [own], max(count, NEIGHBOURS), exact=True)
    alike = near
    if by == "angle" and index.space.name != "embedding":
        alike = nearest_by_angle(index.look_alikes, features, [own], count)
    found = [
        _look_alike(index, int(row), float(distance), 1)
        for row, distance in zip(alike.rows[0][:count], alike.distances[0], strict=False)
        if row >= 0
    ]
    return Answer(query, picture, tuple(found), tuple(index.labels.estimates(near.rows[0])) if index.labels else ())


def _look_alike(index: PopulationIndex, row: int, distance: float, votes: int) -> LookAlike:
    entries = index.entries
    return LookAlike(entries.object_id(row), entries.epoch_id(row), distance, votes, _thumbnail(index, row))


def _thumbnail(index: PopulationIndex, row: int) -> NDArray[np.uint8] | None:
    return None if index.thumbnails is None else np.asarray(index.thumbnails[row])


def rank_by_frequency(answers: Sequence[Answer]) -> list[LookAlike]:
    """Rank candidates by how many queries propose them (Sasanelli et al., after ULISSE), of equals nearer ones first.

    Parameters
    ----------
    answers : sequence of Answer
        Of all the queries.
    """
    proposed: dict[str, list[LookAlike]] = defaultdict(list)
    for answer in answers:
        best: dict[str, LookAlike] = {}
        for one in answer.found:  # nearest first: an object has one vote a query
            best.setdefault(one.object_id, one)
        for name, one in best.items():
            proposed[name].append(one)
    ranked = []
    for those in proposed.values():
        nearest = min(those, key=lambda one: one.distance)
        ranked.append(LookAlike(nearest.object_id, nearest.epoch_id, nearest.distance, len(those), nearest.thumbnail))
    return sorted(ranked, key=lambda one: (-one.votes, one.distance, one.object_id))


def save_answers(path: Path, version: Version, answers: Sequence[Answer]) -> None:
    """Draw each query, framed, and its look-alikes."""
    strips = [
        Strip(answer.query, [Tile(answer.picture, "asked", marked=True), *(_tile(one) for one in answer.found)])
        for answer in answers
    ]
    save_sheet(path, f"Sosia: look-alikes in {version.manifest.survey}, version {version.name}", strips)


def save_ranking(path: Path, version: Version, ranked: Sequence[LookAlike], queries: int) -> None:
    """Draw candidates with their votes."""
    tiles = [Tile(one.thumbnail, one.object_id, f"{one.votes} of {queries}") for one in ranked]
    save_sheet(path, f"Sosia: candidates in {version.manifest.survey}, version {version.name}",
               [Strip(f"proposed by most of {queries} queries", tiles)])  # fmt: skip


def _tile(one: LookAlike) -> Tile:
    return Tile(one.thumbnail, one.object_id, f"{one.distance:.3g}")
