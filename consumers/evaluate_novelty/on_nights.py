"""Novelty on simulated nights: how well it ranks, whether its p-values hold, and what artefacts do to the top ranks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from broker.novelty.build import build
from broker.novelty.entries import object_key
from broker.novelty.recipe import Recipe
from broker.novelty.sighting import Identity
from broker.novelty.versions import open_version
from consumers.evaluate_novelty.competitors import competitors
from consumers.evaluate_novelty.novelties import KINDS
from models.intervals import Figure, wilson
from models.roc import auroc, auroc_difference

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from numpy.typing import NDArray

    from broker.novelty.population_index import PopulationIndex
    from broker.novelty.versions import Version
    from consumers.evaluate_novelty.nights import Night

    Flags = NDArray[np.bool_]

OURS = "sosia"
#: Of a hundred objects so many are indexed, or calibrate; the others are asked about.
INDEXED = 65
#: As the paper draws them: nine by nine.
TOP = 81


@dataclass(frozen=True, slots=True)
class RankFigures:
    """One band: areas under the curve by score, our lead, our area by kind of novelty, recall at 1 % of ordinary."""

    survey: str
    band: str
    areas: Mapping[str, Figure]
    leads: Mapping[str, Figure]
    by_kind: Mapping[str, Figure]
    recall: Figure


@dataclass(frozen=True, slots=True)
class CalibrationFigure:
    """One band's first or later epochs: the two-sample Kolmogorov-Smirnov test of held-out and calibrating scores."""

    survey: str
    band: str
    which: str
    p_value: float
    held_out: int
    calibrating: int


@dataclass(frozen=True, slots=True)
class TopFigures:
    """How many of the most novel alerts have a fault: all ranked, and without those that the epoch rule flags."""

    survey: str
    before: Figure
    after: Figure


def build_index(night: Night, root: Path, recipe: Recipe | None = None) -> Version:
    """Build the index of most of a night's objects, without novelties; faults come as the epoch rule has them."""
    rows = np.flatnonzero(~_asked(night) & ~night.novel)
    return open_version(build(night.sightings(rows), root, recipe or Recipe()))


def rank(night: Night, version: Version) -> list[RankFigures]:
    """Measure how far novelties rank above ordinary alerts of objects that the index does not know."""
    return [_rank(night, band, index) for band, index in _bands(version)]


def _rank(night: Night, band: str, index: PopulationIndex) -> RankFigures:
    here = night.bands == band
    known = np.flatnonzero(here & ~_asked(night) & night.ordinary & ~night.problematic)
    asked = np.flatnonzero(here & _asked(night) & (night.ordinary & ~night.problematic | night.novel))
    novel, kinds = night.novel[asked], night.kinds[asked]
    _, objects = np.unique(night.objects[asked], return_inverse=True)
    features = night.embeddings.astype(np.float32)
    scores = {OURS: _scores(night, index, asked), **competitors(features[known], features[asked])}
    limit = np.quantile(scores[OURS][~novel], 0.99)
    found = scores[OURS][novel] > limit
    by_kind = {}
    for kind in KINDS:
        which = ~novel | (kinds == f"novel: {kind}")
        by_kind[kind] = auroc(scores[OURS][which], novel[which], objects[which])
    return RankFigures(
        night.survey,
        band,
        {name: auroc(those, novel, objects) for name, those in scores.items()},
        {name: auroc_difference(scores[OURS], those, novel, objects) for name, those in scores.items() if name != OURS},
        by_kind,
        wilson(int(found.sum()), len(found)),
    )


def calibration(night: Night, version: Version) -> list[CalibrationFigure]:
    """Compare the scores of held-out ordinary alerts, one an object, with those that calibrate."""
    from scipy.stats import ks_2samp

    figures = []
    for band, index in _bands(version):
        good = (night.bands == band) & _asked(night) & night.ordinary & ~night.problematic
        for which, flags, calibrating in (("first", night.first, index.first), ("later", ~night.first, index.later)):
            asked = _one_an_object(night, np.flatnonzero(good & flags))
            p = ks_2samp(_scores(night, index, asked), calibrating.scores).pvalue
            figures.append(CalibrationFigure(night.survey, band, which, float(p), len(asked), len(calibrating.scores)))
    return figures


def top(night: Night, version: Version) -> TopFigures:
    """Count faults among the most novel alerts of a night, before and after the problematic ones are taken out."""
    p, faulty, flagged = [np.empty(0)], [], []
    for band, index in _bands(version):
        asked = np.flatnonzero((night.bands == band) & _asked(night) & ~night.novel)
        who = _who(night, asked)
        p.append(index.score(night.embeddings[asked], who, night.first[asked]).p_values)
        faulty.append(night.faulty[asked])
        flagged.append(night.problematic[asked])
    order = np.argsort(np.concatenate(p), kind="stable")
    faults, flags = np.concatenate(faulty)[order], np.concatenate(flagged)[order]
    before, after = faults[:TOP], faults[~flags][:TOP]
    return TopFigures(night.survey, wilson(int(before.sum()), len(before)), wilson(int(after.sum()), len(after)))


def _bands(version: Version) -> list[tuple[str, PopulationIndex]]:
    return [(band, index) for (band, _), index in sorted(version.populations.items())]


def _asked(night: Night) -> Flags:
    return np.array([object_key(str(name)) % 100 >= INDEXED for name in night.objects], np.bool_)


def _one_an_object(night: Night, rows: NDArray[np.intp]) -> NDArray[np.intp]:
    """Draw one row of each object: those of one object are no independent draws."""
    shuffled = np.random.default_rng(0).permutation(rows)
    _, chosen = np.unique(night.objects[shuffled], return_index=True)
    return np.sort(shuffled[chosen])


def _scores(night: Night, index: PopulationIndex, rows: NDArray[np.intp]) -> NDArray[np.float64]:
    return index.score(night.embeddings[rows], _who(night, rows), night.first[rows], exact=True).scores


def _who(night: Night, rows: NDArray[np.intp]) -> list[Identity]:
    return [Identity(str(night.objects[row]), float(night.ra[row]), float(night.dec[row])) for row in rows]
