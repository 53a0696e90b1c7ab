from __future__ import annotations

import numpy as np
import pytest

from models.simulate.streaks.trail import Segment, trail
from models.streak_detector import THRESHOLD, StreakDetector, load
from models.streak_fit import fit_streak
from models.streak_light import aligned, light_along
from models.streak_windows import FoundStreak, _joined, _Piece, _round_ends, _weighed, find_streaks
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


def test_a_streak_without_light_is_none_and_a_long_one_with_much_is_surer() -> None:
    image = stamp(Segment(40.0, 60.0, 100.0, 90.0), 9, shape=(160, 160))
    there, elsewhere = Segment(42.0, 61.0, 98.0, 89.0), Segment(42.0, 81.0, 98.0, 109.0)
    assert light_along(image, Segment(40.0, 60.0, 100.0, 90.0), 3.0) == pytest.approx(9.0, abs=3.0)
    seen = _weighed(FoundStreak(0.4, 1, there), image, 3.0)
    assert seen is not None
    assert seen.score == pytest.approx(0.93, abs=0.01)
    assert _weighed(FoundStreak(0.99, 1, elsewhere), image, 3.0) is None
    assert _weighed(FoundStreak(0.99, -1, there), image, 3.0) is None
    short = FoundStreak(0.4, 1, Segment(60.0, 70.0, 80.0, 80.0))
    assert _weighed(short, image, 3.0) == short
    assert light_along(image, Segment(-90.0, -90.0, -60.0, -80.0), 3.0) == 0.0


def test_a_segment_is_brought_to_the_light_beside_it() -> None:
    true = Segment(20.0, 20.0, 44.0, 40.0)
    image = stamp(true, 30)
    shifted = Segment(24.0, 15.0, 48.0, 35.0)
    assert light_along(image, shifted, 3.0) < 8.0
    there = aligned(image, shifted, 3.0)
    assert light_along(image, there, 3.0) > 20.0
    assert fit_streak(image, there).ends == pytest.approx(true.ends, abs=1.0)


def test_the_ends_of_a_long_streak_vouch_for_each_other() -> None:
    first = _Piece(0.7, 1, Segment(20.0, 20.0, 60.0, 40.0), False, True)
    last = _Piece(0.8, 1, Segment(70.0, 45.0, 120.0, 70.0), True, False)
    joined = _joined([first, last])
    assert joined.score == pytest.approx(0.94)
    assert joined.segment.ends == pytest.approx((20.0, 20.0, 120.0, 70.0), abs=0.5)
    near = _Piece(0.7, 1, Segment(20.0, 20.0, 58.0, 39.0), False, False)
    assert _joined([first, near]).score == 0.7


def test_a_doubtful_streak_is_looked_at_round_its_ends() -> None:
    short = _Piece(0.5, 1, Segment(100.0, 100.0, 120.0, 100.0), False, False)
    assert _round_ends(short, (300, 300)) == [(68, 80), (68, 80)]  # its middle, in steps of 4 px
    long = _Piece(0.5, 1, Segment(100.0, 100.0, 160.0, 100.0), False, True)
    ((row, column),) = _round_ends(long, (300, 300))
    assert row == 68
    assert 100 - column == pytest.approx(8, abs=2)
    assert _round_ends(long, (110, 128))[0] == (46, 64)
