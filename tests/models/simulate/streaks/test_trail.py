from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.simulate.streaks.sources import galaxy, star
from models.simulate.streaks.trail import Segment, matched_snr, modulation, trail

inside = st.floats(70.0, 90.0)


@settings(max_examples=40)
@given(inside, inside, st.floats(0.0, 100.0), st.floats(0.0, math.pi), st.floats(1.7, 6.0))
def test_all_the_flux_is_painted_wherever_and_however_it_lies(
    x: float, y: float, length: float, angle: float, fwhm: float
) -> None:
    painted = trail((160, 160), Segment.around(x, y, length, angle), fwhm)
    assert painted.sum(dtype=float) == pytest.approx(1.0, abs=2e-3)
    assert painted.min() >= -1e-8
    rows, columns = np.mgrid[:160, :160]
    assert (painted * columns).sum() == pytest.approx(x, abs=0.2)
    assert (painted * rows).sum() == pytest.approx(y, abs=0.2)


@pytest.mark.parametrize(("length", "loss"), [(5, 0.21), (30, 1.01), (60, 1.37), (120, 1.74)])
def test_a_trail_loses_as_much_against_a_point_as_worked_out(length: float, loss: float) -> None:
    point = matched_snr(star((160, 160), 80.2, 79.9, 3.3))
    trailed = matched_snr(trail((160, 160), Segment.around(80.2, 79.9, length, 0.7), 3.3))
    assert 2.5 * math.log10(point / trailed) == pytest.approx(loss, abs=0.01)


def test_a_trail_without_length_is_a_star() -> None:
    point = trail((41, 41), Segment(20.3, 19.6, 20.3, 19.6), 3.0)
    np.testing.assert_allclose(point, star((41, 41), 20.3, 19.6, 3.0), atol=5e-5)


def test_varying_brightness_and_wings_keep_the_flux() -> None:
    segment = Segment.around(80, 80, 50, 0.4)
    varied = trail((160, 160), segment, 3.0, modulation(np.random.default_rng(1), 0.3), (0.2, 2.0))
    assert varied.sum(dtype=float) == pytest.approx(1.0, abs=1e-3)
    assert np.abs(varied - trail((160, 160), segment, 3.0)).max() > 1e-4


def test_only_what_lies_in_the_image_is_painted() -> None:
    whole = trail((64, 64), Segment(-30.5, 31.0, 30.5, 31.0), 3.0)
    assert whole.sum() == pytest.approx(31.0 / 61.0, abs=0.01)
    assert not trail((64, 64), Segment(200, 200, 300, 250), 3.0).any()


def test_segments_are_clipped_to_the_pixels() -> None:
    seen = Segment(-10, 10, 80, 10).within(64, 64)
    assert seen is not None
    assert seen.ends == pytest.approx((-0.5, 10, 63.5, 10))
    assert Segment(-10, -1, 80, -1).within(64, 64) is None
    assert Segment(5, 5, 5, 20).within(64, 64, rim=3) is not None
    assert Segment(1, 5, 1, 20).within(64, 64, rim=3) is None


@given(st.floats(-math.pi, math.pi))
def test_a_segment_has_no_sense_of_motion(angle: float) -> None:
    one = Segment.around(3, 4, 10, angle)
    other = Segment(one.x2, one.y2, one.x1, one.y1)
    turn = abs(one.angle - other.angle)
    assert min(turn, math.pi - turn) < 1e-6
    assert one.length == pytest.approx(10)


def test_a_galaxy_has_unit_flux_and_lies_along_its_axis() -> None:
    painted = galaxy((161, 161), 80, 80, 3.0, 8.0, 0.2, 0.6)
    assert painted.sum() == pytest.approx(1.0, abs=0.01)
    y, x = np.mgrid[:161, :161] - 80.0
    xx, yy, xy = ((painted * product).sum() for product in (x * x, y * y, x * y))
    assert 0.5 * math.atan2(2 * xy, xx - yy) == pytest.approx(0.6, abs=0.02)
