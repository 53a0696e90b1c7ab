"""The stamps that every figure is measured on: drawn up before the first training, and left alone since."""

from __future__ import annotations

from models.simulate.streaks.population import TEST, TEST_DIFFERENCES, Population
from models.simulate.streaks.stamps import DrawnStamps, draw_stamps

#: Stamps of the full test: half of them streaks.
FROZEN_STAMPS = 20_000
_CALIBRATION_FIRST = 500_000_000


def frozen_stamps(count: int = FROZEN_STAMPS) -> DrawnStamps:
    """Draw the test; fewer stamps are the first of the full test's."""
    return draw_stamps(TEST, count)


def frozen_differences(count: int) -> DrawnStamps:
    """Draw the second test, of stamps like real differences."""
    return draw_stamps(TEST_DIFFERENCES, count)


def calibration_stamps(count: int, population: Population = TEST) -> DrawnStamps:
    """Draw impostors alone, on which the threshold that ships is set; none of the test is among them."""
    return draw_stamps(population, count, _CALIBRATION_FIRST, streaks=0.0)
