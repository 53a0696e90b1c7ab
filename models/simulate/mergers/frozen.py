"""The stamps that every figure is measured on: drawn up before the training of the weights that ship."""

from __future__ import annotations

import numpy as np

from models.simulate.mergers.population import TEST
from models.simulate.mergers.stamps import DrawnStamps, draw_stamps
from models.simulate.mergers.three_body import Singles

#: Stamps of the full test: half of them mergers.
FROZEN_STAMPS = 10_000
_CALIBRATION_FIRST = 1_000_000


def frozen_stamps(count: int = FROZEN_STAMPS) -> tuple[DrawnStamps, Singles]:
    """Draw the test, and its images with their noise; fewer stamps are the first of the full test's."""
    return _with_noise(draw_stamps(TEST, count), 1)


def calibration_stamps(count: int) -> tuple[DrawnStamps, Singles]:
    """Draw stamps on which the threshold that ships is set; no encounter of the test is among them."""
    return _with_noise(draw_stamps(TEST, count, _CALIBRATION_FIRST), 2)


def _with_noise(stamps: DrawnStamps, stream: int) -> tuple[DrawnStamps, Singles]:
    noisy = [one.noisy(np.random.default_rng([TEST.seed, stream, n])) for n, one in enumerate(stamps.each())]
    return stamps, np.concatenate(noisy)
