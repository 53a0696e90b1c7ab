"""The networks behind the functions, each loaded once, and how arrays become stamps."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

import numpy as np

from schemas.errors import StampError, StampReason

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from broker.examiner import Examiner
    from broker.geometry import SkyFrame
    from broker.stamp_pair import Stamp
    from models.lens_finder import LensFinder
    from models.merger_finder import MergerFinder
    from models.streak_detector import StreakDetector


def stamp_of(image: ArrayLike, pixel_scale: float | None, frame: SkyFrame) -> Stamp:
    """Return an array as a stamp that is as wide as the frame where its pixel scale [arcsec/px] is not known.

    Raises
    ------
    StampError
        Its shape is no stamp's.
    """
    from broker.cutout import MAX_BANDS, MAX_SIDE, MIN_SIDE, Cutout
    from broker.geometry import Geometry
    from broker.stamp_pair import Stamp

    pixels = np.array(image, np.float32)
    *bands, rows, columns = pixels.shape if pixels.ndim in (2, 3) else (0, 0)
    if not all(MIN_SIDE <= side <= MAX_SIDE for side in (rows, columns)) or not all(1 <= n <= MAX_BANDS for n in bands):
        raise StampError(
            StampReason.SIZE,
            f"shape {pixels.shape}: sides of {MIN_SIDE} to {MAX_SIDE} px and up to {MAX_BANDS} bands are looked at",
        )
    pixels[~np.isfinite(pixels)] = np.nan
    scale = pixel_scale or frame.side * frame.scale / min(rows, columns)
    return Stamp(Cutout(pixels, {}), Geometry.plain(pixels.shape, scale))


def frame_of(survey: str) -> tuple[SkyFrame, float]:
    """Return a survey's sky frame and its usual seeing [arcsec]."""
    from consumers.assembly import open_surveys

    (one,) = open_surveys([survey])
    return one.facts.frame, one.facts.seeing


@cache
def examiner() -> Examiner:
    """Return the configured backbone, with the epoch network behind it."""
    from consumers.assembly import open_examiner
    from consumers.configuration import load_settings

    return open_examiner(load_settings().backbone)


@cache
def streak_detector() -> StreakDetector:
    """Return the streak network."""
    from models.streak_detector import load

    _start_tensorflow()
    return load()


@cache
def lens_finder(form: str) -> LensFinder:
    """Return the lens networks of a form of `models.lens_network.FORMS`."""
    from models.lens_finder import load

    _start_tensorflow()
    return load(form)


@cache
def merger_finder() -> MergerFinder:
    """Return the merger network."""
    from models.merger_finder import load

    _start_tensorflow()
    return load()


def _start_tensorflow() -> None:
    from consumers.accelerator import choose_device
    from consumers.configuration import load_settings

    choose_device(load_settings().backbone.device)
