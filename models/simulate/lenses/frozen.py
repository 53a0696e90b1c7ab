"""The stamps that every figure is measured on: drawn up before the first training, and left alone since."""

from __future__ import annotations

from dataclasses import replace
from types import MappingProxyType
from typing import TYPE_CHECKING

import numpy as np

from models.simulate.lenses.population import TEST
from models.simulate.lenses.stamps import DrawnStamps, draw_arcs, draw_stamps

if TYPE_CHECKING:
    from numpy.typing import NDArray

#: Stamps of the full test: half of them lenses.
FROZEN_STAMPS = 100_000

_CALIBRATION_FIRST = 500_000_000
_ARCS_FIRST = 600_000_000
_STARS_FIRST = 700_000_000


def frozen_stamps(sky: str, count: int = FROZEN_STAMPS, first: int = 0) -> DrawnStamps:
    """Draw the test of ``ground`` or ``space``, from its stamp number `first` on."""
    return draw_stamps(TEST[sky], count, first)


def calibration_stamps(sky: str, count: int) -> DrawnStamps:
    """Draw stamps on which the thresholds that ship are set; none of the test is among them."""
    return draw_stamps(TEST[sky], count, _CALIBRATION_FIRST)


def star_stamps(sky: str, count: int) -> DrawnStamps:
    """Draw stars with the test's seeing and neighbours: they were no part of the test, and are told apart from it."""
    stars = replace(TEST[sky], impostors=MappingProxyType({"star": 1.0}))
    return draw_stamps(stars, count, _STARS_FIRST, lenses=0.0)


def arcs_alone(sky: str, count: int) -> NDArray[np.float32]:
    """Draw the arcs (n, bands, side, side) of as many lenses of the test's population, without light or noise."""
    return draw_arcs(TEST[sky], count, _ARCS_FIRST)


def as_seen(stamps: DrawnStamps, sky: str, bands: int) -> list[NDArray[np.float32]]:
    """Give stamps to a network of so many bands: all of them, or the detection band alone."""
    images = stamps.images.astype(np.float32)
    return list(images if bands > 1 else images[:, TEST[sky].camera.detection])
