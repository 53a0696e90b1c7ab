from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from broker.cutout import Cutout
from broker.geometry import Geometry, SkyFrame
from broker.resample import _resample, resample
from broker.stamp_pair import Stamp
from tests.broker.stamps import turned, window

FRAME = SkyFrame(15, 0.5)
RANDOM = np.random.default_rng(7)
SKY = RANDOM.normal(size=(21, 23)).astype(np.float32)


def sky(image: np.ndarray = SKY) -> Stamp:
    """A stamp at the frame's scale, north up as FITS images are shown (row 0 the southernmost)."""
    return Stamp(Cutout(image, {}), Geometry(11.0, 10.0, (2.0, 0.0, 0.0, 2.0), north_known=True))


def sampled(*stamps: Stamp, frame: SkyFrame = FRAME) -> np.ndarray:
    return resample([stamp.cutout.image[None] for stamp in stamps], [stamp.geometry for stamp in stamps], frame)[:, 0]


def test_an_aligned_stamp_is_copied_with_north_at_row_0() -> None:
    np.testing.assert_array_equal(sampled(sky())[0], SKY[3:18, 4:19][::-1])


def test_a_stamp_that_is_the_frame_already_is_sampled_as_any_other() -> None:
    holed = np.where(RANDOM.random((1, 15, 15)) < 0.1, np.float32(np.nan), SKY[None, :15, :15])
    geometry = Geometry.plain(holed.shape, FRAME.scale)
    np.testing.assert_array_equal(resample([holed], [geometry], FRAME), _resample([holed], [geometry], FRAME, 1))


@given(quarters=st.integers(0, 3), left=st.integers(-3, 3), bottom=st.integers(-3, 3))
def test_quarter_turns_and_whole_shifts_come_out_exactly(quarters: int, left: int, bottom: int) -> None:
    copy = turned(window(sky(), left, bottom, 24, 24), quarters)
    np.testing.assert_array_equal(sampled(copy)[0], sampled(sky())[0])


def test_copying_and_interpolating_agree_to_the_bit() -> None:
    tilted = replace(sky(), geometry=replace(sky().geometry, x=11.3))
    holed = SKY.copy()
    holed[RANDOM.random(SKY.shape) < 0.1] = np.nan
    alone = sampled(sky(holed))[0]
    assert np.isnan(alone).any()
    np.testing.assert_array_equal(sampled(sky(holed), tilted)[0], alone)  # one tilted stamp: no short cut for the batch


@given(angle=st.floats(0.0, 6.28), x=st.floats(10.0, 12.0), y=st.floats(9.0, 11.0))
def test_a_parabola_is_reproduced_at_any_angle_and_shift(angle: float, x: float, y: float) -> None:
    def value(column: np.ndarray, row: np.ndarray) -> np.ndarray:
        return 3.0 + 0.5 * column - 0.25 * row + 0.125 * column * row + 0.0625 * column**2 - 0.03125 * row**2

    column, row = np.meshgrid(np.arange(23.0), np.arange(21.0))
    cosine, sine = 2.0 * np.cos(angle), 2.0 * np.sin(angle)
    geometry = Geometry(x, y, (cosine, -sine, sine, cosine), north_known=True)
    frame = SkyFrame(9, 0.5)
    u, v = np.meshgrid(0.5 * np.arange(-4, 5), 0.5 * np.arange(4, -5, -1))
    expected = value(x + cosine * u - sine * v, y + sine * u + cosine * v)
    stamp = Stamp(Cutout(value(column, row).astype(np.float32), {}), geometry)
    np.testing.assert_allclose(sampled(stamp, frame=frame)[0], expected, atol=2e-4)


def test_a_missing_pixel_takes_along_only_what_needs_it() -> None:
    image = SKY.copy()
    image[10, 11] = np.nan
    assert np.isnan(sampled(sky(image))[0]).sum() == 1
    halfway = replace(sky(image), geometry=replace(sky().geometry, x=11.5))
    assert np.isnan(sampled(halfway)[0]).sum() == 4  # the kernel's four pixels, in one row


def test_a_stamp_ends_at_the_outer_edge_of_its_pixels() -> None:
    stamp = Stamp(Cutout(SKY[:15, :15].copy(), {}), Geometry(7.0, 7.0, (2.0, 0.0, 0.0, 2.0), north_known=True))
    for shift, lost in ((0.0, 0), (0.5, 0), (0.6, 15), (1.0, 15)):
        moved = replace(stamp, geometry=replace(stamp.geometry, x=7.0 + shift))
        assert np.isnan(sampled(moved)[0]).sum() == lost


@pytest.mark.parametrize("times", [2, 3, 5])
def test_a_finer_stamp_is_averaged_and_does_not_alias(times: int) -> None:
    side = FRAME.side * times
    column, row = np.meshgrid(np.arange(side), np.arange(side))
    checks = ((column + row) % 2).astype(np.float32)  # all of its power is above what the frame can show
    centre = (side - 1) / 2
    matrix = (2.0 * times, 0.0, 0.0, 2.0 * times)
    framed = sampled(Stamp(Cutout(checks, {}), Geometry(centre, centre, matrix, north_known=True)))[0]
    expected = checks.reshape(FRAME.side, times, FRAME.side, times).mean(axis=(1, 3))[::-1]
    np.testing.assert_allclose(framed, expected, atol=1e-6)


@given(st.lists(st.floats(allow_nan=True, allow_infinity=True), min_size=6, max_size=6))
def test_senseless_geometry_gives_missing_pixels_and_no_error(numbers: list[float]) -> None:
    x, y, *matrix = numbers
    stamp = replace(sky(), geometry=Geometry(x, y, (matrix[0], matrix[1], matrix[2], matrix[3]), north_known=False))
    framed = sampled(stamp, sky())
    assert not np.isinf(framed[0]).any()
    np.testing.assert_array_equal(framed[1], sampled(sky())[0])


def test_bands_are_sampled_alike_and_stamps_of_all_sizes_together() -> None:
    cube = np.stack([SKY, 2 * SKY, 3 * SKY])
    tilted = Geometry(11.2, 9.9, (1.6, -1.2, 1.2, 1.6), north_known=True)
    large = np.pad(cube, ((0, 0), (5, 5), (5, 5)), constant_values=np.nan)
    framed = resample([cube, large], [tilted, replace(tilted, x=16.2, y=14.9)], FRAME)
    np.testing.assert_allclose(framed[:, 1], 2 * framed[:, 0], rtol=1e-5)
    np.testing.assert_array_equal(framed[0, :, 5:10, 5:10], framed[1, :, 5:10, 5:10])


def test_an_empty_batch_is_no_error() -> None:
    assert resample([], [], FRAME).shape == (0, 1, 15, 15)
