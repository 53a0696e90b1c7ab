"""Draws what the four-band network gets wrong: the brightest arcs that it misses, the surest impostors that pass."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from consumers.evaluate_lens.stamps import PASSING, threshold_at
from models.simulate.lenses.frozen import frozen_stamps
from models.simulate.lenses.population import TEST

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from models.lens_finder import LensFinder

STAMPS, COLUMNS = 4000, 14
_ZOOM = 2
#: Stretch of the pictures: brightness that is white after asinh, in units of the softening [sigma].
_SOFT, _WHITE = 3.0, 5.5


def save_picture(finder: LensFinder, file: Path, count: int = STAMPS) -> None:
    """Draw two rows of the lenses found most surely, two of misses, two of false detections.

    Parameters
    ----------
    finder : LensFinder
        Of four bands.
    file : path
        PNG.
    count : int
        Of the frozen stamps to choose from.
    """
    from PIL import Image

    stamps = frozen_stamps("ground", count)
    scores = np.array(
        [one.score for one in finder.look(list(stamps.images.astype(np.float32)), TEST["ground"].camera.pixel_scale)]
    )
    threshold = threshold_at(scores[~stamps.lens], PASSING)
    lens, passed = stamps.lens, scores > threshold
    rows = [
        *_rows(np.flatnonzero(lens & passed), -scores),
        *_rows(np.flatnonzero(lens & ~passed), -stamps.arc_snr),
        *_rows(np.flatnonzero(~lens), -scores),
    ]
    sheet = np.vstack([np.hstack([_tile(stamps.images[place]) for place in row]) for row in rows])
    picture = Image.fromarray(sheet)
    picture.resize((picture.width * _ZOOM, picture.height * _ZOOM), Image.Resampling.NEAREST).save(file)


def _rows(chosen: NDArray[np.intp], order: NDArray[np.floating]) -> list[NDArray[np.intp]]:
    """Cut the first two rows; too few are repeated."""
    return list(np.resize(chosen[np.argsort(order[chosen])], (2, COLUMNS))) if len(chosen) else []


def _tile(image: NDArray[np.floating]) -> NDArray[np.uint8]:
    """Colour i, r, g as red, green, blue (Lupton et al. 2004)."""
    colours = np.moveaxis(image[[3, 2, 1]].astype(np.float64), 0, -1) * (0.7, 0.9, 1.1)
    mean = np.maximum(colours.mean(axis=-1, keepdims=True), 1e-3)
    stretched = colours * (np.arcsinh(mean / _SOFT) / mean / _WHITE)
    tile = (255 * np.clip(stretched, 0.0, 1.0)).astype(np.uint8)
    return np.pad(tile, ((1, 1), (1, 1), (0, 0)), constant_values=255)
