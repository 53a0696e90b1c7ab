"""Real pictures: Galaxy Zoo's examples, within each survey."""

from __future__ import annotations

import csv
from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from consumers.evaluate_novelty.pictures import OURS, scores_of
from consumers.look_alikes.pictures import read_picture
from models.morphology.disturbance import DisturbanceMeter
from models.roc import auroc, auroc_difference

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from broker.embedding import Embedder
    from models.intervals import Figure

#: Surveys with fewer normal galaxies are left out.
FEWEST = 20


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
    folder, meter = data / "galaxyzoo", DisturbanceMeter()
    pictures: dict[str, list[tuple[Path, bool]]] = defaultdict(list)
    with (folder / "labels.csv").open(newline="", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            pictures[row["survey"]].append((folder / row["file"], row["label"] != "normal"))
    for name, those in sorted(pictures.items()):
        every = np.array([one for _, one in those], np.bool_)
        if (~every).sum() < FEWEST or not every.any():
            continue
        scores, known = scores_of(embedder, meter, [read_picture(path).image for path, _ in those], every)
        odd = every[known]
        objects = np.arange(len(odd))
        areas = {which: auroc(one, odd, objects) for which, one in scores.items()}
        leads = {which: auroc_difference(scores[OURS], one, odd, objects)
                 for which, one in scores.items() if which != OURS}  # fmt: skip
        yield RealFigures(name, int((~odd).sum()), int(odd.sum()), areas, leads)
