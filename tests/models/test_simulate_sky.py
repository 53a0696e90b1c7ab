from __future__ import annotations

import numpy as np
import pytest

from models.simulate.sky import Galaxies, Grid, Stars, blurred, image, moved, noise_area, shifted, spectrum

GRID = Grid(side=80, oversample=2, x=38.3, y=41.6, matrix=(-0.5, 0.1, 0.1, 0.5))
STAR = Stars(np.zeros(1), np.zeros(1), np.array([100.0]))
SEEING = 6.0


def moments(picture: np.ndarray) -> tuple[float, float, float, float]:
    """Centre and variances along x and y, within the core."""
    y, x = np.mgrid[: picture.shape[0], : picture.shape[1]]
    light = np.where(picture > 0.05 * picture.max(), picture, 0)
    cx, cy = (light * x).sum() / light.sum(), (light * y).sum() / light.sum()
    return cx, cy, (light * (x - cx) ** 2).sum() / light.sum(), (light * (y - cy) ** 2).sum() / light.sum()


def test_a_star_has_its_flux_its_place_and_the_seeing() -> None:
    picture = image(GRID, spectrum(GRID, STAR), SEEING)
    x, y, _, _ = moments(picture)
    assert picture.sum() == pytest.approx(100.0)
    assert (x, y) == pytest.approx((38.3, 41.6), abs=0.1)
    # At half its maximum the profile is as wide as the seeing: 6" are 3.06 px here; the pixels add a little.
    radius = np.hypot(*(np.mgrid[:80, :80] - np.array([41.6, 38.3])[:, None, None]))
    half = np.interp(-0.5, -picture.ravel()[order := np.argsort(radius.ravel())] / picture.max(), radius.ravel()[order])
    assert 2 * half == pytest.approx(SEEING / GRID.pixel_scale, rel=0.15)


def test_places_on_the_sky_follow_the_matrix() -> None:
    away = Stars(np.array([6.0]), np.array([-8.0]), np.array([1.0]))
    x, y, _, _ = moments(image(GRID, spectrum(GRID, away), SEEING))
    assert (x - 38.3, y - 41.6) == pytest.approx((-3.0 - 0.8, 0.6 - 4.0), abs=0.1)


def test_a_moving_source_is_a_trail_of_the_same_flux_about_the_same_middle() -> None:
    scene = spectrum(GRID, STAR)
    still, trailed = image(GRID, scene, SEEING), image(GRID, moved(GRID, scene, 20.0, 0.0), SEEING)
    assert trailed.sum() == pytest.approx(still.sum())
    assert moments(trailed)[:2] == pytest.approx(moments(still)[:2], abs=0.1)
    # 20" east are 10 px along x and 2 along y: a uniform line adds L^2 / 12 to the variance.
    assert moments(trailed)[2] - moments(still)[2] == pytest.approx(100 / 12, rel=0.15)
    assert moments(trailed)[3] - moments(still)[3] == pytest.approx(4 / 12, abs=0.15)


def test_a_shifted_scene_is_out_of_place_by_so_many_pixels() -> None:
    scene = spectrum(GRID, STAR)
    before, after = (moments(image(GRID, one, SEEING)) for one in (scene, shifted(GRID, scene, 4.0, -2.5)))
    assert np.subtract(after, before)[:2] == pytest.approx((4.0, -2.5), abs=0.05)


def test_a_galaxy_has_its_flux_its_angle_and_is_wider_than_a_star() -> None:
    def disc(angle: float) -> np.ndarray:
        one = Galaxies(*(np.array([value]) for value in (0.0, 0.0, 100.0, 0.5, 4.0, 0.2, angle)))
        return image(GRID, spectrum(GRID, Stars(*np.empty((3, 0))), one), 2.5)

    north, east = disc(0.0), disc(np.pi / 2)
    assert north.sum() == pytest.approx(100.0)
    assert moments(north)[3] > 2 * moments(north)[2]
    assert moments(east)[2] > 2 * moments(east)[3]


def test_matching_a_reference_to_worse_seeing_gives_what_that_seeing_shows() -> None:
    scene = spectrum(GRID, STAR)
    sharp, poor = image(GRID, scene, 5.0), image(GRID, scene, 8.0)
    assert np.abs(blurred(sharp, GRID.pixel_scale, 5.0, 8.0) - poor).max() < 0.01 * poor.max()


def test_the_noise_area_is_that_of_the_painted_profile() -> None:
    fine = Grid(side=96, oversample=1, x=48.0, y=48.0, matrix=(1.0, 0.0, 0.0, 1.0))
    point = image(fine, spectrum(fine, Stars(np.zeros(1), np.zeros(1), np.ones(1))), 8.0)
    assert noise_area(8.0, 1.0) == pytest.approx(1 / (point**2).sum(), rel=0.03)
