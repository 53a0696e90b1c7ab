from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.baselines.matching import chi_squared, convolve, noise, shrinking, subtract
from tests.models.baselines.sky import exposure, stack


@pytest.mark.parametrize("fwhm", [2.4, 3.2, 4.5])
def test_images_of_any_seeing_are_subtracted_to_noise(fwhm: float) -> None:
    assert chi_squared(subtract(exposure(1, fwhm), stack())) == pytest.approx(0.95, abs=0.15)


def test_unmatched_seeing_would_leave_the_stars() -> None:
    science, reference = exposure(1, 4.5), stack()
    left = np.abs(science - reference)[22:27, 22:27].max()
    assert np.abs(subtract(science, reference).flux)[22:27, 22:27].max() < 0.4 * left


def test_convolution_keeps_flux_and_widens() -> None:
    image = np.zeros((33, 33))
    image[16, 16] = 1.0
    seen = convolve(image, 2.0)
    assert seen.sum() == pytest.approx(1.0)
    assert (seen * (np.arange(33) - 16) ** 2).sum() == pytest.approx(4.0, rel=0.01)


@given(st.integers(0, 2**32 - 1), st.floats(0.4, 3.0))
@settings(max_examples=20)
def test_noise_shrinks_as_told(seed: int, width: float) -> None:
    image = np.random.default_rng(seed).normal(size=(64, 64))
    assert convolve(image, width)[8:-8, 8:-8].std() == pytest.approx(shrinking(width), rel=0.35)


def test_missing_pixels_stay_missing_and_touch_no_other() -> None:
    image = np.full((20, 20), 7.0, dtype=np.float32)
    image[:, 5] = np.nan
    seen = convolve(image, 1.5)
    assert np.isnan(seen[:, 5]).all()
    np.testing.assert_allclose(np.delete(seen, 5, axis=1), 7.0, rtol=1e-6)


def test_noise_is_that_of_the_sky_beside_sources() -> None:
    assert noise(exposure(3, noise=3.0)) == pytest.approx(3.0, rel=0.1)
