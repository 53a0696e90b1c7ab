from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.ndimage import uniform_filter

from models.merger_network import (
    CHANNELS,
    SIDE,
    brightest,
    build,
    fold,
    middle,
    prepare,
    residual,
    sky_level,
    unfold,
)

FLOATS = st.floats(-1e6, 1e6, width=32) | st.just(float("nan"))


def disc(side: int, length: float, bright: float = 60.0, seed: int = 1, x: float = 0.0) -> np.ndarray:
    """An exponential disc in noise of deviation 1."""
    rows, columns = np.mgrid[:side, :side] - (side - 1) / 2
    noise = np.random.default_rng(seed).standard_normal((side, side))
    return (bright * np.exp(-np.hypot(rows, columns - x) / length) + noise).astype(np.float32)


def test_the_sky_is_found_beside_a_galaxy() -> None:
    level, noise = sky_level(disc(96, 5.0) + 1000)
    assert level == pytest.approx(1000, abs=0.4)
    assert noise == pytest.approx(1.0, abs=0.25)
    assert sky_level(np.full((40, 40), 7.0, np.float32)) == (0.0, 0.0)


@pytest.mark.parametrize("shape", [(63, 63), (30, 41), (7, 90), (2, 2), (1, 5)])
def test_the_brightest_place_is_that_of_the_whole_image_smoothed(shape: tuple[int, int]) -> None:
    for seed in range(20):
        light = np.random.default_rng(seed).standard_normal(shape).astype(np.float32)
        assert brightest(light) == brightest(light, uniform_filter(light, 3, mode="nearest"))


def test_the_galaxy_in_the_middle_is_found_and_measured() -> None:
    image = disc(96, 5.0, x=3.0) + disc(96, 2.0, 60.0, 2, x=-40.0)
    row, column, radius = middle(image, 1.4)
    assert (row, column) == pytest.approx((47.5, 50.5), abs=1.5)
    assert radius == pytest.approx(3.0 * 5.0, rel=0.25)  # an exponential disc has 80 % of its light in three lengths


def test_the_sky_of_a_picture_without_noise_is_found() -> None:
    picture = np.zeros((80, 80), np.float32)
    picture[30:50, 30:50] = 200.0
    picture[0, :8] = 1.0
    level, noise = sky_level(picture)
    assert level == 0.0
    assert 0.0 < noise < 200.0


def test_what_is_alike_when_turned_about_any_centre_leaves_nothing() -> None:
    rows, columns = np.mgrid[:SIDE, :SIDE] - (SIDE - 1) / 2
    spot = [np.exp(-0.05 * ((rows - y) ** 2 + (columns - x) ** 2)) for y, x in ((0, 0), (0.5, 1.5), (-1.0, 0.5))]
    assert np.abs(residual(np.array(spot, np.float32))).max() < 1e-5
    tail = np.exp(-0.02 * ((rows - 14) ** 2 + (columns - 5) ** 2))
    (left,) = residual(np.array([spot[0] + tail], np.float32))
    assert left[SIDE // 2 + 14, SIDE // 2 + 5] > 0.8
    assert left[SIDE // 2 - 14, SIDE // 2 - 5] < -0.8


def test_windows_of_the_same_galaxy_on_other_pixels_are_alike() -> None:
    fine, coarse = prepare([disc(192, 6.0, 400.0), disc(96, 3.0, 400.0)])[..., 0]
    centre = slice(SIDE // 4, 3 * SIDE // 4)
    assert np.abs(fine - coarse)[centre, centre].mean() < 0.06


def test_units_and_offset_change_nothing() -> None:
    image = disc(80, 4.0)
    np.testing.assert_allclose(prepare([image]), prepare([3.0 * image - 500.0]), atol=0.02)


@pytest.mark.parametrize("shape", [(40, 96), (212, 212), (33, 33), (5, 5)])
def test_any_shape_fills_the_window(shape: tuple[int, int]) -> None:
    image = np.random.default_rng(0).standard_normal(shape).astype(np.float32)
    assert prepare([image]).shape == (1, SIDE, SIDE, CHANNELS)


@settings(max_examples=25)
@given(arrays(np.float32, st.tuples(st.integers(1, 40), st.integers(1, 40)), elements=FLOATS))
def test_whatever_is_in_a_stamp_the_window_is_finite(stamp: np.ndarray) -> None:
    window = prepare([stamp])
    assert np.isfinite(window).all()
    assert np.abs(window[..., 0]).max() <= 1.3


def test_missing_and_blank_stamps_are_empty_windows() -> None:
    blank, missing = np.ones((64, 64), np.float32), np.full((64, 64), np.nan, np.float32)
    assert not prepare([blank, missing]).any()


def test_an_unfolded_network_is_the_same_function_while_it_learns() -> None:
    folded = build()
    rng = np.random.default_rng(3)
    for layer in folded.layers:
        layer.set_weights([rng.normal(0.0, 0.05, one.shape) for one in layer.get_weights()])
    images = rng.uniform(0, 1, (16, SIDE, SIDE, CHANNELS)).astype(np.float32)
    trained = unfold(folded, images)
    np.testing.assert_allclose(trained(images), folded(images), rtol=2e-3, atol=1e-4)
    refolded = fold(trained)
    np.testing.assert_allclose(refolded(images), folded(images), rtol=2e-3, atol=1e-4)


def test_the_folded_network_is_the_same_function_and_small() -> None:
    trained = build(normalised=True)
    rng = np.random.default_rng(1)
    for layer in trained.layers:
        if layer.name.endswith("_normalisation"):
            layer.set_weights([rng.uniform(0.5, 1.5, one.shape) for one in layer.get_weights()])
    images = rng.uniform(0, 1, (4, SIDE, SIDE, CHANNELS)).astype(np.float32)
    np.testing.assert_allclose(
        fold(trained)(images, training=False), trained(images, training=False), rtol=1e-3, atol=1e-4
    )
    assert fold(trained).count_params() * 2 < 3_000_000
