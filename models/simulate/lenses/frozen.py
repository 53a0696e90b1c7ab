"""The stamps that every figure is measured on: drawn up before the first training, and left alone since."""

from __future__ import annotations

from models.simulate.lenses.population import TEST
from models.simulate.lenses.stamps import DrawnStamps, draw_stamps

#: Stamps of the full test: half of them lenses.
FROZEN_STAMPS = 100_000

_CALIBRATION_FIRST = 500_000_000


def frozen_stamps(sky: str, count: int = FROZEN_STAMPS, first: int = 0) -> DrawnStamps:
    """Draw the test of ``ground`` or ``space``, from its stamp number `first` on."""
    return draw_stamps(TEST[sky], count, first)


def calibration_stamps(sky: str, count: int) -> DrawnStamps:
    """Draw stamps on which the thresholds that ship are set; none of the test is among them."""
    return draw_stamps(TEST[sky], count, _CALIBRATION_FIRST)
