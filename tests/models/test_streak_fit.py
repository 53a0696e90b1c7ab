from __future__ import annotations

import numpy as np

from models.simulate.streaks.trail import Segment
from models.streak_fit import _shape, _Trail, fit_streak
from tests.models.streak_stamp import stamp


def test_the_fit_corrects_a_rough_start() -> None:
    true = Segment(15.0, 22.0, 47.0, 35.0)
    found = fit_streak(stamp(true, 25), Segment(12.0, 25.0, 43.0, 36.0))
    assert np.abs(np.subtract(found.ends, true.ends)).max() < 1.5


def test_a_fit_to_nothing_keeps_the_start() -> None:
    start = Segment(10.0, 10.0, 30.0, 30.0)
    assert fit_streak(np.full((64, 64), np.nan, np.float32), start) == start


def test_the_derivatives_are_those_of_the_residuals() -> None:
    x, y = np.random.default_rng(0).uniform(0.0, 40.0, (2, 300))
    empty = _Trail(x, y, np.zeros(300))
    shape = _shape(*empty._places(np.array([5.0, 9.0, 31.0, 26.0, 0.5])))
    trail = _Trail(x, y, shape - shape.mean())
    place, step = np.array([6.0, 8.0, 30.0, 27.0, 0.3]), 1e-6
    slopes = [(trail.residuals(place + e) - trail.residuals(place - e)) / (2 * step) for e in step * np.eye(5)]
    assert np.abs(trail.jacobian(place) - np.stack(slopes, axis=1)).max() < 1e-6
