from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from broker.frame import background, bring_to_frame, disc
from broker.geometry import Geometry, SkyFrame
from schemas.errors import StampReason
from tests.broker.stamps import Stamp, rubin_pairs, ztf_pairs

if TYPE_CHECKING:
    from pathlib import Path

FRAME = SkyFrame(31, 1.0)
RANDOM = np.random.default_rng(11)


def noise(side: int = 31) -> np.ndarray:
    return RANDOM.normal(100.0, 5.0, (1, side, side)).astype(np.float32)


def framed(*images: np.ndarray):  # noqa: ANN201  the type is bring_to_frame's
    return bring_to_frame(images, [Geometry.plain(image.shape, 1.0) for image in images], FRAME)


def test_inside_the_disc_the_sky_is_untouched() -> None:
    image = noise()
    inside = disc(31) == 1.0
    assert inside.mean() > 0.4
    np.testing.assert_array_equal(framed(image).images[0, 0][inside], image[0, ::-1][inside])


def test_the_disc_is_round_and_vanishes_at_the_frames_edge() -> None:
    weight = disc(30)
    np.testing.assert_allclose(weight, np.rot90(weight))
    assert weight.max() == 1.0
    assert not weight[[0, -1]].any()
    assert weight[1].max() > 0.0


def test_filled_pixels_have_the_noise_of_the_others() -> None:
    image = noise()
    image[:, :, :9] = np.nan
    result = framed(image)
    filled = result.images[0, 0][:, :9]
    assert np.isfinite(result.images).all()
    assert abs(filled.mean() - 100.0) < 1.5
    assert abs(filled.std() - 5.0) < 1.0


def test_a_galaxy_that_fills_the_frame_does_not_count_as_noise() -> None:
    column, row = np.meshgrid(np.arange(31), np.arange(31))
    galaxy = 300.0 * np.exp(-np.hypot(column - 15, row - 15) / 12.0)
    _, sigma = background((noise() + galaxy).astype(np.float32))
    assert sigma.item() < 0.2 * galaxy.std()


def test_the_fill_is_a_function_of_the_stamp_alone() -> None:
    holed, other = noise(), noise(15)
    holed[:, 4:9, 4:9] = np.nan
    alone = framed(holed).images[0]
    np.testing.assert_array_equal(framed(other, holed).images[1], alone)


def test_missing_pixels_are_counted_within_the_disc() -> None:
    image = noise()
    area = np.count_nonzero(disc(31))
    image[0, 0, 0] = np.nan  # a corner, outside the disc
    assert framed(image).missing[0] == 0.0
    image[0, 10:13, 10:13] = np.nan
    assert framed(image).missing[0] == pytest.approx(9 / area)


@pytest.mark.parametrize(("lost", "reason"), [(9, None), (13, StampReason.MASKED)])
def test_over_30_percent_of_missing_pixels_are_unreadable(lost: int, reason: StampReason | None) -> None:
    image = noise()
    image[:, :, :lost] = np.nan
    result = framed(image)
    error = result.errors[0]
    assert (None if error is None else error.reason) is reason
    assert np.isnan(result.images).all() == (reason is not None)
    assert (result.missing[0] > 0.30) == (reason is not None)


def test_a_constant_stamp_is_blank_and_one_of_few_values_is_not() -> None:
    constant, steps = np.full((1, 31, 31), 3.0, dtype=np.float32), np.full((1, 31, 31), 3.0, dtype=np.float32)
    steps[:, 14:17, 14:17] = 9.0
    result = framed(constant, steps)
    assert [error and error.reason for error in result.errors] == [StampReason.BLANK, None]
    assert np.isfinite(result.images[1]).all()
    assert result.noise[1].item() > 0.0


def test_every_real_stamp_is_framed_whole_or_refused_with_a_reason(shared_data: Path) -> None:
    pairs = ztf_pairs(shared_data) + rubin_pairs(shared_data)
    assert len(pairs) == 273
    for frame in {pair.frame for pair in pairs}:
        stamps = [
            s for pair in pairs if pair.frame == frame for s in (pair.science, pair.reference) if isinstance(s, Stamp)
        ]
        result = bring_to_frame([s.cutout.image[None] for s in stamps], [s.geometry for s in stamps], frame)
        usable = np.array([error is None for error in result.errors])
        assert np.isfinite(result.images[usable]).all()
        assert np.isnan(result.images[~usable]).all()
        assert usable.mean() > 0.98
