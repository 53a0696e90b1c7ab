"""Opinions push the scores of what looks alike."""

from __future__ import annotations

import numpy as np
import pytest

from broker.novelty.feedback import INTEREST, Opinion, Ranking


@pytest.mark.parametrize("level", [5.0, 0.0, -5.0])
def test_what_is_boring_never_rises_wherever_zero_lies(level: float) -> None:
    features = np.array([[0.0, 0.0], [9.0, 0.0]], np.float32)
    interest = np.array([INTEREST[Opinion.BORING], INTEREST[Opinion.INTERESTING]], np.float32)
    scores = np.array([2.0, 2.0, -2.0, np.nan]) + level
    moved = Ranking(features, interest, usual=1.0).moved(scores, np.vstack([features, [[50.0, 50.0], [0.0, 0.0]]]))
    assert moved[0] < moved[1] <= scores[1]
    assert moved[2] == pytest.approx(scores[2])  # far from all of them
    assert np.isnan(moved[3])
