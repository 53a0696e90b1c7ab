"""Real pictures: Galaxy Zoo's examples, where what is not labelled normal shall rank above unseen normal galaxies."""

from __future__ import annotations

import csv
from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from broker.novelty.look_alikes import LookAlikes
from broker.novelty.recipe import Recipe
from broker.novelty.score import neighbour_number, novelty
from broker.novelty.space import half_whitened
from consumers.assembly import open_surveys
from consumers.evaluate_novelty.competitors import competitors
from consumers.look_alikes.pictures import picture_pair, read_picture
from models.oddity_network import PICTURES, shipped
from models.roc import auroc, auroc_difference

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from numpy.typing import NDArray

    from broker.embedding import Embedder
    from broker.novelty.score import ScoreName
    from models.intervals import Figure
    from models.oddity_network import OddityNetwork

#: Normal galaxies are held out by turns: each is asked about when the others are the index.
FOLDS = 5
#: Surveys with fewer normal galaxies are left out.
FEWEST = 20
ASYMMETRY = "rotational asymmetry"


@dataclass(frozen=True, slots=True)
class RealFigures:
    """One survey's pictures: areas under the curve by score, and our lead."""

    survey: str
    normal: int
    odd: int
    areas: Mapping[str, Figure]
    leads: Mapping[str, Figure]


def on_pictures(embedder: Embedder, data: Path) -> Iterator[RealFigures]:
    """Measure on ``galaxyzoo/`` of a folder, within each survey only."""
    folder = data / "galaxyzoo"
    pictures: dict[str, list[tuple[Path, bool]]] = defaultdict(list)
    with (folder / "labels.csv").open(newline="", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            pictures[row["survey"]].append((folder / row["file"], row["label"] != "normal"))
    (survey,) = open_surveys(["stamps"])
    network = shipped(PICTURES)
    for name, those in sorted(pictures.items()):
        odd = np.array([one for _, one in those], np.bool_)
        if (~odd).sum() < FEWEST or not odd.any():
            continue
        cutouts = [read_picture(path) for path, _ in those]
        embedded = embedder.embed([picture_pair(one, survey.facts.frame, None) for one in cutouts])
        places = [one.science_embedding for one in embedded]
        known = np.array([place is not None for place in places], np.bool_)
        features = np.stack([place for place in places if place is not None])
        scores = _by_turns(features, odd[known], network)
        images = [one.image for one, good in zip(cutouts, known, strict=True) if good]
        scores[ASYMMETRY] = np.array([rotational_asymmetry(one) for one in images])
        yield _figures(name, scores, odd[known])


def rotational_asymmetry(image: NDArray[np.floating]) -> float:
    """Return how much of a picture's light above its median changes when it is turned by half a circle."""
    grey = image.reshape(-1, *image.shape[-2:]).mean(axis=0, dtype=np.float64)
    light = grey - np.median(grey)
    return float(np.abs(light - light[::-1, ::-1]).sum() / np.abs(light).sum())


def _by_turns(
    features: NDArray[np.float32], odd: NDArray[np.bool_], network: OddityNetwork
) -> dict[str, NDArray[np.float64]]:
    """Score every picture by the normal ones of the other folds; odd ones in every fold, and averaged by rank."""
    normal = np.random.default_rng(0).permutation(np.flatnonzero(~odd))
    total: dict[str, NDArray[np.float64]] = {}
    for held_out in np.array_split(normal, FOLDS):
        index = np.setdiff1d(normal, held_out)
        asked = np.concatenate([held_out, np.flatnonzero(odd)])
        scores = {
            "sosia": _ours(features[index], features[asked], network),
            **competitors(features[index], features[asked]),
        }
        for name, those in scores.items():
            # Of an odd one the mean; the folds differ by a fifth of the index only.
            each = np.full(len(odd), 0.0)
            each[asked] = those / np.where(odd[asked], FOLDS, 1)
            total[name] = total.get(name, np.zeros(len(odd))) + each
    return total


def _ours(known: NDArray[np.float32], asked: NDArray[np.float32], network: OddityNetwork) -> NDArray[np.float64]:
    score: ScoreName = "odd"
    space = half_whitened(known, Recipe().axes)
    k = neighbour_number(score, len(known))
    index = LookAlikes.empty(space.dimensions, "f32")
    index.add(space.features(known))
    itself = [np.array([row]) for row in range(len(known))]
    usual = index.nearest(space.features(known), itself, k, exact=True).distances[:, k - 1]
    nobody = [np.empty(0, np.int64)] * len(asked)
    return novelty(
        score, index.nearest(space.features(asked), nobody, k, exact=True), k, usual, network.log_odds(asked)
    )


def _figures(name: str, scores: Mapping[str, NDArray[np.float64]], odd: NDArray[np.bool_]) -> RealFigures:
    objects = np.arange(len(odd))
    areas = {which: auroc(those, odd, objects) for which, those in scores.items()}
    leads = {which: auroc_difference(scores["sosia"], those, odd, objects)
             for which, those in scores.items() if which != "sosia"}  # fmt: skip
    return RealFigures(name, int((~odd).sum()), int(odd.sum()), areas, leads)
