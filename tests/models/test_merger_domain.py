from __future__ import annotations

import numpy as np
import pytest

from models.merger_domain import is_point_source, reason_to_abstain
from models.simulate.mergers.frozen import calibration_stamps


@pytest.mark.parametrize("arguments", [(1.01, 2.0, 63.0), (0.2, 0.8, 18.0), (0.1, 0.18, 6.4), (None, None, None)])
def test_surveys_that_show_tides_are_judged(arguments: tuple[float | None, ...]) -> None:
    assert reason_to_abstain(*arguments) is None


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        ((0.2, 0.8, 6.0), "smaller than 32 px"),
        ((0.2, 0.8, 7.0), "no room"),
        ((2.5, 3.0, 160.0), "too coarse"),
        ((0.01, 0.05, 20.0), "too fine"),
        ((1.01, 4.5, 63.0), "seeing"),
        ((1.01, 2.0, 20.0), "smaller than 32 px"),
        ((None, 2.0, 20.0), "no room"),
    ],
)
def test_elsewhere_a_reason_is_given(arguments: tuple[float | None, float, float], reason: str) -> None:
    assert reason in str(reason_to_abstain(*arguments))


def star(x: float, y: float, fwhm: float, flux: float = 2000.0) -> np.ndarray:
    rows, columns = np.mgrid[:63, :63] - 31.0
    sigma = fwhm / 2.3548
    light = np.exp(-0.5 * ((columns - x) ** 2 + (rows - y) ** 2) / sigma**2)
    return np.asarray(flux * light / (2 * np.pi * sigma**2), np.float32)


@pytest.mark.parametrize("fwhm", [1.7, 2.2, 3.5])
def test_a_star_is_no_galaxy_wherever_it_falls_and_whatever_is_beside_it(fwhm: float) -> None:
    sky = np.random.default_rng(5).standard_normal((63, 63), dtype=np.float32)
    for x in (0.0, 0.3, 0.5):
        lone = star(x, -x, fwhm) + sky
        assert is_point_source(lone, fwhm)
        assert is_point_source(lone + star(x + 2.5 * fwhm, 0.0, fwhm, 1500.0), fwhm)
        assert not is_point_source(star(x, -x, 3.0 * fwhm, 6000.0) + sky, fwhm)


def test_stamps_without_contrast_hold_no_star() -> None:
    assert not is_point_source(np.ones((63, 63), np.float32), 2.0)
    assert not is_point_source(np.full((63, 63), np.nan, np.float32), 2.0)


def test_of_simulated_stamps_the_stars_are_taken_and_the_mergers_left() -> None:
    stamps, images = calibration_stamps(256)
    narrow = np.array([is_point_source(image, fwhm) for image, fwhm in zip(images, stamps.fwhm, strict=True)])
    assert narrow[stamps.kind == "star"].mean() > 0.7
    assert narrow[stamps.merger].mean() < 0.03
