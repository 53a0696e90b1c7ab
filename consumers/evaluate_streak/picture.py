"""Draws what the network gets wrong: the brightest streaks that it misses, the surest impostors that it passes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from models.simulate.streaks.frozen import frozen_stamps
from models.streak_network import in_sigma

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from models.streak_detector import StreakDetector

STAMPS, COLUMNS = 4000, 12
_ZOOM, _GAP = 2, 2
#: From black to white [sigma, after asinh].
_BLACK, _WHITE = -2.0, 4.0


def save_picture(detector: StreakDetector, threshold: float, file: Path) -> None:
    """Draw two rows of each of the frozen stamps that go wrong; dark sources are drawn bright.

    Parameters
    ----------
    detector : StreakDetector
    threshold : float
        Score above which a stamp passes.
    file : path
        PNG.
    """
    from PIL import Image

    stamps = frozen_stamps(STAMPS)
    scores = np.array([one.score for one in detector.look(list(stamps.images), fwhm=stamps.fwhm, polarity=stamps.told)])
    missed = np.flatnonzero(stamps.streak & (scores <= threshold))
    passed = np.flatnonzero(~stamps.streak & (scores > threshold))
    rows = [
        *_rows(missed[np.argsort(-stamps.snr[missed])]),
        *_rows(passed[np.argsort(-scores[passed])]),
    ]
    sheet = np.vstack([np.hstack([_tile(stamps.images[n] * stamps.polarity[n]) for n in row]) for row in rows])
    picture = Image.fromarray(sheet)
    picture.resize((picture.width * _ZOOM, picture.height * _ZOOM), Image.Resampling.NEAREST).save(file)


def _rows(chosen: NDArray[np.intp]) -> list[NDArray[np.intp]]:
    """Cut the first two rows of some stamps; too few are repeated."""
    return list(np.resize(chosen, (2, COLUMNS))) if len(chosen) else []


def _tile(image: NDArray[np.float32]) -> NDArray[np.uint8]:
    scaled = (np.arcsinh(np.nan_to_num(in_sigma(image))) - _BLACK) / (_WHITE - _BLACK)
    grey = (255 * np.clip(scaled, 0.0, 1.0)).astype(np.uint8)
    return np.pad(grey, _GAP, constant_values=255)
