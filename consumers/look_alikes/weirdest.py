"""The most novel images of a night, before and after the problematic ones are taken out.

Without a look at the images themselves most of the top ranks are artefacts (Cavuoti et al.: of the top 81, nearly
all); taking them out and ranking again is the paper's recursion.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from broker.novelty.feedback import INTEREST, Feedback
from broker.novelty.undisturbed import stacked
from broker.novelty.versions import open_current, survey_folder, surveys
from consumers.look_alikes.sheet import Strip, Tile, save_sheet
from schemas.errors import NoveltyIndexError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from broker.novelty.population_index import PopulationIndex
    from broker.novelty.sighting import Population
    from broker.novelty.versions import Version
    from consumers.look_alikes.sightings import Seen


@dataclass(frozen=True, slots=True, eq=False)
class Ranked:
    """One image of the night.

    Attributes
    ----------
    seen : Seen
    p_value : float
        Of its novelty, as feedback moves it.
    score : float
        Likewise.
    """

    seen: Seen
    p_value: float
    score: float


def rank(seen: Sequence[Seen], root: Path) -> list[Ranked]:
    """Rank a night's images by their novelty, the most novel first; populations are compared by p-value.

    Feedback moves the ranking at once, also what was said since the index was built, of this night's images.

    Raises
    ------
    NoveltyIndexError
        There is no index, or it is of another backbone.
    """
    versions: dict[str, Version] = {}
    by_population: dict[Population, list[Seen]] = defaultdict(list)
    for one in seen:
        if one.sighting is not None:
            by_population[one.sighting.population].append(one)
    known = surveys(root)
    ranked: list[Ranked] = []
    for population, night in by_population.items():
        if population.survey not in known:
            continue
        assert night[0].sighting is not None  # chosen so
        if population.survey not in versions:
            versions[population.survey] = open_current(root, population.survey, night[0].sighting.digest)
        version = versions[population.survey]
        index = version.of(population)
        if index is not None:
            ranked += _rank(night, version, index, Feedback.read(survey_folder(root, population.survey)))
    if not ranked:
        raise NoveltyIndexError(f"{root} has no index of the survey and band of any of these images")
    return sorted(ranked, key=lambda one: (one.p_value, -one.score))


def _rank(night: list[Seen], version: Version, index: PopulationIndex, feedback: Feedback) -> list[Ranked]:
    sightings = [one.sighting for one in night if one.sighting is not None]
    embeddings = np.stack([one.embedding for one in sightings]).astype(np.float32)
    first = np.array([one.first for one in night], np.bool_)
    who, disturbances = [one.identity for one in sightings], stacked(one.disturbance for one in sightings)
    scored = index.score(embeddings, who, first, disturbances=disturbances)
    features = index.space.features(embeddings)
    said = [(row, opinion) for row, one in enumerate(sightings) if (opinion := feedback.of(one)) is not None]
    ranking = version.ranking(index).joined(
        features[[row for row, _ in said]], np.array([INTEREST[opinion] for _, opinion in said], np.float32)
    )
    scores = ranking.moved(scored.scores, features)
    p: NDArray[np.float64] = np.where(first, index.first.p_values(scores), index.later.p_values(scores))
    return [
        Ranked(one, float(value), float(score)) for one, value, score in zip(night, p, scores, strict=True)
        if np.isfinite(score)
    ]  # fmt: skip


def save_weirdest(path: Path, ranked: Sequence[Ranked], top: int) -> None:
    """Draw the most novel images, all of them and then without the problematic ones, which are framed in the first."""
    good = [one for one in ranked if not _problematic(one)]
    bad = sum(_problematic(one) for one in ranked[:top])
    save_sheet(
        path,
        f"Sosia: the most novel of {len(ranked)} images",
        [
            Strip(f"all images: {bad} of the first {min(top, len(ranked))} are problematic (framed)",
                  [_tile(one) for one in ranked[:top]]),
            Strip("without the problematic ones", [_tile(one) for one in good[:top]]),
        ],
    )  # fmt: skip


def _problematic(one: Ranked) -> bool:
    return one.seen.sighting is not None and bool(one.seen.sighting.problematic)


def _tile(one: Ranked) -> Tile:
    sighting = one.seen.sighting
    assert sighting is not None  # only such are ranked
    return Tile(
        sighting.thumbnail,
        sighting.identity.object_id,
        f"{sighting.population.band} p {one.p_value:.2g}",
        marked=_problematic(one),
    )
