from __future__ import annotations

import numpy as np
import pytest

from models.simulate.streaks.trail import Segment, trail
from models.streak_detector import THRESHOLD, StreakDetector, load
from models.streak_windows import find_streaks
from tests.models.streak_stamp import stamp


@pytest.fixture(scope="module")
def detector() -> StreakDetector:
    return load()


def test_a_long_streak_of_a_large_image_is_put_together(detector: StreakDetector) -> None:
    true = Segment(40.0, 60.0, 150.0, 130.0)
    image = stamp(true, 60, shape=(200, 220))
    image[:, 200:] = np.nan
    score, found = find_streaks(detector, image, THRESHOLD)
    assert len(found) == 1
    assert score == pytest.approx(found[0].score)
    ends = np.array(found[0].segment.ends)
    assert min(np.abs(ends - true.ends).max(), np.abs(ends - (*true.ends[2:], *true.ends[:2])).max()) < 4.0


def test_streaks_side_by_side_stay_two(detector: StreakDetector) -> None:
    image = stamp(Segment(40.0, 40.0, 75.0, 50.0), 40, shape=(160, 160))
    image += 600 * trail((160, 160), Segment(60.0, 100.0, 95.0, 110.0), 3.0)
    assert len(find_streaks(detector, image, THRESHOLD)[1]) == 2


def test_an_image_narrower_than_a_window_is_looked_at(detector: StreakDetector) -> None:
    true = Segment(12.0, 60.0, 30.0, 85.0)
    _, found = find_streaks(detector, stamp(true, 40, shape=(130, 44)), THRESHOLD)
    assert len(found) == 1
    assert found[0].segment.y1 == pytest.approx(60.0, abs=2.0) or found[0].segment.y2 == pytest.approx(60.0, abs=2.0)
