"""Real images: graded lens candidates of CFHTLS as pictures, in colour and in grey."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from models.lens_finder import THRESHOLDS
from models.roc import auroc, auroc_difference
from schemas.errors import SosiaError

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from models.intervals import Figure
    from models.lens_finder import LensFinder

#: Side of a picture [arcsec], and the grade from which experts were nearly certain.
WIDTH, CERTAIN = 30.0, 2.0
_ANNULUS = (1.0, 4.0)


@dataclass(frozen=True, slots=True)
class Ranking:
    """How well one ranking puts certain lenses first: the area under its curve, and what it has over the colour's."""

    name: str
    area: Figure
    better: Figure


def on_candidates(ugri: LensFinder, ground: LensFinder, data: Path) -> tuple[Figure, list[Ranking]]:
    """Rank the candidates of ``lenses/cfhtls``: by score, and as DenseLens does, those accepted by information content.

    Parameters
    ----------
    ugri, ground : LensFinder
        The second sees the mean of the three bands.
    data : path

    Returns
    -------
    colour : Figure
        The area of the mean colour alone.
    rankings : list of Ranking

    Raises
    ------
    SosiaError
        There are none.
    """
    pictures, grades = read_candidates(data / "lenses" / "cfhtls")
    certain, each = grades >= CERTAIN, np.arange(len(grades))
    scale = WIDTH / pictures[0].shape[-1]
    colour = np.array([redness(picture) for picture in pictures])
    looks = {
        "ground-ugri, without u": ugri.look([four_bands(picture) for picture in pictures], scale),
        "ground, in grey": ground.look([picture.mean(axis=0) for picture in pictures], scale),
    }
    limits = (THRESHOLDS["ground-ugri"], THRESHOLDS["ground"])
    rankings = []
    for (name, seen), limit in zip(looks.items(), limits, strict=True):
        scores = np.array([one.score for one in seen])
        contents = np.array([one.information_content for one in seen])
        ranked = np.where(scores > limit, 1.0 + contents, scores)
        for how, values in (("by score", scores), ("accepted ones by information content", ranked)):
            better = auroc_difference(values, colour, certain, each)
            rankings.append(Ranking(f"{name}: {how}", auroc(values, certain, each), better))
    return auroc(colour, certain, each), rankings


def read_candidates(folder: Path) -> tuple[list[NDArray[np.float32]], NDArray[np.float64]]:
    """Read pictures (3, rows, columns), red, green and blue, and their grades."""
    from PIL import Image

    table = folder / "grades.csv"
    if not table.is_file():
        raise SosiaError(f"{folder} holds no graded candidates: {table.name} is missing")
    with table.open(newline="") as lines:
        rows = list(csv.DictReader(lines))
    pictures = [np.asarray(Image.open(folder / row["file"]).convert("RGB"), np.float32) for row in rows]
    return [np.moveaxis(one, -1, 0) for one in pictures], np.array([float(row["grade"]) for row in rows])


def four_bands(picture: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return u, g, r, i of a picture whose red is i, green r and blue g; u was not taken."""
    return np.concatenate([np.full_like(picture[:1], np.nan), picture[::-1]])


def redness(picture: NDArray[np.float32]) -> float:
    """Return the mean of red less blue at 1 to 4 arcsec from the middle, the number to beat."""
    size = picture.shape[-1]
    line = (np.arange(size) - (size - 1) / 2) * WIDTH / size
    away = np.hypot(line[:, None], line[None])
    ring = (away >= _ANNULUS[0]) & (away < _ANNULUS[1])
    return float((picture[0] - picture[2])[ring].mean())
