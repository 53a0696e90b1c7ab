"""Novelty of galaxies' pictures: what is not normal shall rank above unseen normal ones of the same survey."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from broker.cutout import Cutout
from broker.novelty.undisturbed import Undisturbed
from consumers.assembly import open_surveys
from consumers.evaluate_novelty.competitors import competitors
from consumers.look_alikes.pictures import picture_pair
from models.intervals import Figure, bootstrapped, weights
from models.morphology.disturbance import DisturbanceMeter
from models.roc import auroc
from models.simulate.pictures import KINDS, NORMAL, draw_survey

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from broker.embedding import Embedder

    Scores = dict[str, NDArray[np.float64]]

OURS, ASYMMETRY = "sosia", "rotational asymmetry"
#: Normal galaxies are held out by turns: each is asked about when the others are the index.
FOLDS = 5
#: Of the simulated surveys; measures, mask and score were chosen on others.
SEED = 21


@dataclass(frozen=True, slots=True)
class SimulatedFigures:
    """Areas under the curve, means over simulated surveys: by score, our lead, and ours by kind."""

    surveys: int
    areas: Mapping[str, Figure]
    leads: Mapping[str, Figure]
    by_kind: Mapping[str, Figure]


def on_simulated(embedder: Embedder, surveys: int) -> SimulatedFigures:
    """Measure on so many simulated surveys, each against itself; intervals by a bootstrap over surveys."""
    every: list[dict[str, float]] = []
    kinds: list[dict[str, float]] = []
    meter = DisturbanceMeter()
    for number in range(surveys):
        images, kind = draw_survey(SEED, number)
        scores, known = scores_of(embedder, meter, images, kind != NORMAL)
        kind = kind[known]
        every.append({name: _area(those, kind != NORMAL) for name, those in scores.items()})
        ours = scores[OURS]
        kinds.append({
            one: _area(ours[np.isin(kind, (one, NORMAL))], kind[np.isin(kind, (one, NORMAL))] != NORMAL)
            for one in KINDS if one != NORMAL
        })  # fmt: skip
    return SimulatedFigures(
        surveys,
        {name: _mean([one[name] for one in every]) for name in every[0]},
        {name: _mean([one[OURS] - one[name] for one in every]) for name in every[0] if name != OURS},
        {name: _mean([one[name] for one in kinds]) for name in kinds[0]},
    )


def scores_of(
    embedder: Embedder, meter: DisturbanceMeter, images: Sequence[NDArray[np.float32]], odd: NDArray[np.bool_]
) -> tuple[Scores, NDArray[np.bool_]]:
    """Score one survey's pictures by its normal ones.

    Parameters
    ----------
    embedder : Embedder
    meter : DisturbanceMeter
    images : sequence of float32 arrays (bands, rows, columns)
    odd : bool array (n,)

    Returns
    -------
    dict of float64 arrays (m,)
        Ours, the competitors' on the backbone's features, and rotational asymmetry; the higher, the more novel.
    bool array (n,)
        The m pictures that could be embedded.
    """
    (survey,) = open_surveys(["stamps"])
    embedded = embedder.embed([picture_pair(Cutout(one, {}), survey.facts.frame, None) for one in images])
    places = [one.science_embedding for one in embedded]
    known = np.array([place is not None for place in places], np.bool_)
    good = [one for one, kept in zip(images, known, strict=True) if kept]
    features = np.stack([place for place in places if place is not None])
    scores = _by_turns(features, meter.measure(good), odd[known])
    return {**scores, ASYMMETRY: np.array([rotational_asymmetry(one) for one in good])}, known


def rotational_asymmetry(image: NDArray[np.floating]) -> float:
    """Return how much of a picture's light above its median changes when it is turned by half a circle."""
    grey = image.reshape(-1, *image.shape[-2:]).mean(axis=0, dtype=np.float64)
    light = grey - np.median(grey)
    return float(np.abs(light - light[::-1, ::-1]).sum() / np.abs(light).sum())


def _by_turns(features: NDArray[np.float32], disturbances: NDArray[np.float32], odd: NDArray[np.bool_]) -> Scores:
    """Score every picture by the normal ones of the other folds; odd ones in every fold, and averaged."""
    normal = np.random.default_rng(0).permutation(np.flatnonzero(~odd))
    total: Scores = {}
    for held_out in np.array_split(normal, FOLDS):
        index = np.setdiff1d(normal, held_out)
        asked = np.concatenate([held_out, np.flatnonzero(odd)])
        scores = {
            OURS: Undisturbed.of(disturbances[index]).score(disturbances[asked]),
            **competitors(features[index], features[asked]),
        }
        for name, those in scores.items():
            # Of an odd one the mean; the folds differ by a fifth of the index only.
            each = np.zeros(len(odd))
            each[asked] = those / np.where(odd[asked], FOLDS, 1)
            total[name] = total.get(name, np.zeros(len(odd))) + each
    return total


def _area(scores: NDArray[np.float64], odd: NDArray[np.bool_]) -> float:
    return auroc(scores, odd, np.arange(len(odd))).value


def _mean(values: list[float]) -> Figure:
    every = np.array(values)
    drawn = weights(len(every))
    return bootstrapped(float(every.mean()), drawn @ every / drawn.sum(axis=1), len(every))
