"""Real pictures: Galaxy Zoo's mergers among the ordinary galaxies of the same survey."""

from __future__ import annotations

import csv
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from consumers.image_files import read_image
from models.baselines.rotational_asymmetry import rotational_asymmetry
from models.intervals import Figure, bootstrapped, weights, wilson
from schemas.errors import SosiaError

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from models.merger_finder import MergerFinder

MERGERS, ORDINARY = ("merging", "merging_and_tidal"), "normal"


@dataclass(frozen=True, slots=True)
class PictureFigures:
    """What is measured on pictures; areas compare within a survey only, and are pooled over surveys.

    Attributes
    ----------
    surveys : list of (name, mergers, ordinary galaxies, area)
        Those with both.
    area, asymmetry_area, gain : Figure
        AUROC of the network, of rotational asymmetry, and their difference on the same resamples.
    by_label : dict of str to Figure
        Share of every label's pictures, of all surveys, that passes the threshold.
    scores : list of (score, file, label)
        Highest first.
    """

    surveys: list[tuple[str, int, int, float]]
    area: Figure
    asymmetry_area: Figure
    gain: Figure
    by_label: dict[str, Figure]
    scores: list[tuple[float, str, str]]


def on_pictures(finder: MergerFinder, threshold: float, data: Path) -> PictureFigures:
    """Measure on the pictures of ``galaxyzoo/labels.csv``, turned grey.

    Raises
    ------
    SosiaError
        There are none, or no survey has both mergers and ordinary galaxies.
    """
    folder = data / "galaxyzoo"
    try:
        with (folder / "labels.csv").open(newline="") as stream:
            rows = list(csv.DictReader(stream))
    except OSError as error:
        raise SosiaError(f"{folder} holds no labels.csv: give the folder that galaxyzoo/ is in") from error
    images = [read_image(folder / row["file"]).pixels for row in rows]
    labels, surveys = (np.array([row[name] for row in rows]) for name in ("label", "survey"))
    scores, asymmetry = np.array(finder.look(images)), rotational_asymmetry(images)
    merger, ordinary = np.isin(labels, MERGERS), labels == ORDINARY
    kept = merger | ordinary
    pairs = within(merger[kept], surveys[kept])
    if not pairs.any():
        raise SosiaError(f"{folder}: no survey has both mergers and ordinary galaxies")
    ours, theirs = (_areas(one[kept], pairs) for one in (scores, asymmetry))
    passed = Counter(labels[scores > threshold].tolist())
    return PictureFigures(
        surveys=[
            (str(name), int((merger & here).sum()), int((ordinary & here).sum()), float(_areas(scores[use], cells)[0]))
            for name in np.unique(surveys)
            for here in [surveys == name]
            for use in [here & kept]
            for cells in [within(merger[use], surveys[use])]
            if cells.any()
        ],
        area=bootstrapped(ours[0], ours[1:], int(pairs.any(axis=0).sum() + pairs.any(axis=1).sum())),
        asymmetry_area=bootstrapped(theirs[0], theirs[1:], int(pairs.any(axis=0).sum() + pairs.any(axis=1).sum())),
        gain=bootstrapped(ours[0] - theirs[0], ours[1:] - theirs[1:], int(pairs.any(axis=1).sum())),
        by_label={label: wilson(passed[label], number) for label, number in sorted(Counter(labels.tolist()).items())},
        scores=sorted(zip(scores.tolist(), [row["file"] for row in rows], labels.tolist(), strict=True), reverse=True),
    )


def within(merger: NDArray[np.bool_], surveys: NDArray[np.str_]) -> NDArray[np.bool_]:
    """Tell which picture (row) is a merger and which (column) an ordinary galaxy of the same survey (n, n)."""
    return np.asarray(merger[:, None] & ~merger[None] & (surveys[:, None] == surveys[None]))


def _areas(scores: NDArray[np.float64], pairs: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Share of the pairs ranked rightly, a tie as one half: of all pictures, then of resampled ones (1 + draws,)."""
    higher = (scores[:, None] > scores) + 0.5 * (scores[:, None] == scores)
    drawn = np.concatenate([np.ones((1, len(scores))), weights(len(scores))])
    with np.errstate(invalid="ignore"):
        areas: NDArray[np.float64] = ((drawn @ (higher * pairs)) * drawn).sum(axis=1) / (
            (drawn @ pairs.astype(np.float64)) * drawn
        ).sum(axis=1)
    return areas
