from __future__ import annotations

import numpy as np
import pytest

from models.baselines.look_alike import distance, told_apart
from models.simulate.streaks.population import TEST


def test_long_trails_are_less_like_galaxies_than_short_ones() -> None:
    short, long = distance(9.0, 3.0, TEST), distance(36.0, 3.0, TEST)
    assert 0.1 < short < long < 0.7
    assert distance(4.5, 1.5, TEST) == pytest.approx(distance(18.0, 6.0, TEST), rel=0.2)


def test_the_brighter_the_trail_the_surer() -> None:
    chances = told_apart(np.full(3, 0.3), np.array([0.0, 10.0, 40.0]), 0.05)
    assert chances[0] == pytest.approx(0.05)
    assert chances[1] == pytest.approx(0.912, abs=0.002)
    assert chances[2] == pytest.approx(1.0, abs=1e-6)
