from __future__ import annotations

import numpy as np

from models.simulate.streaks.trail import Segment
from models.streak_fit import fit_streak
from tests.models.streak_stamp import stamp


def test_the_fit_corrects_a_rough_start() -> None:
    true = Segment(15.0, 22.0, 47.0, 35.0)
    found = fit_streak(stamp(true, 25), Segment(12.0, 25.0, 43.0, 36.0))
    assert np.abs(np.subtract(found.ends, true.ends)).max() < 1.5


def test_a_fit_to_nothing_keeps_the_start() -> None:
    start = Segment(10.0, 10.0, 30.0, 30.0)
    assert fit_streak(np.full((64, 64), np.nan, np.float32), start) == start
