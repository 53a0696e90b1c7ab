from __future__ import annotations

import math

import numpy as np
import pytest

from models.simulate.lenses.arcs import Deflector, Source, lens_model
from models.simulate.lenses.camera import GROUND, SPACE, Camera, Seeing
from models.simulate.lenses.colours import magnitudes, stellar_magnitudes
from models.simulate.lenses.light import Grid, Shape, arms, aureole, blobs, ring, sersic, spikes, tail
from models.simulate.lenses.priors import EUCLID, KIDS, Percentiles


@pytest.mark.parametrize(("index", "share"), [(1.0, 1.0), (4.0, 0.93)])
def test_a_sersic_profile_holds_half_its_light_within_its_radius(index: float, share: float) -> None:
    grid = Grid.square(400, 0.05)
    light = sersic(grid, Shape(0.02, 0.01, 0.8, 0.6, 0.4), index)
    assert light.sum() == pytest.approx(share, abs=0.05)
    u, v = Shape(0.02, 0.01, 0.8, 0.6, 0.4).axes(grid)
    assert light[np.hypot(u, v) < 0.8].sum() == pytest.approx(0.5, abs=0.02)


def test_structures_are_of_unit_flux() -> None:
    grid, rng = Grid.square(300, 0.1), np.random.default_rng(3)
    shape = Shape(0.0, 0.0, 2.0, 0.8, 1.0)
    assert arms(grid, shape, rng, 2, 4.0, 0.5).sum() == pytest.approx(1.0, abs=0.1)
    assert ring(grid, shape, rng, 0.1, 0.0).sum() == pytest.approx(1.0, abs=0.02)
    assert tail(grid, shape, rng, 1.5, 0.3).sum() == pytest.approx(1.0, abs=1e-3)
    places = np.array([1.0, -2.0]), np.array([0.5, 0.0])
    assert blobs(grid, *places, np.array([0.3, 0.5])).sum() == pytest.approx(1.0, abs=1e-3)


def test_light_around_a_star_falls_outwards_and_keeps_to_its_rays() -> None:
    grid = Grid.square(201, 0.1)
    halo = aureole(grid, 0.0, 0.0, 1.0, 2.0)
    assert halo.sum() == pytest.approx(1.0, abs=1e-3)
    assert halo[100, 190] / halo[100, 145] == pytest.approx((1 + 4.5**2) / (1 + 9.0**2), rel=1e-3)
    rays = spikes(grid, 0.0, 0.0, 0.0, 2, 2.0)
    assert rays.sum() == pytest.approx(1.0, abs=1e-3)
    np.testing.assert_allclose(rays, np.rot90(rays), atol=1e-6)
    assert rays[100, 150] > 100 * rays[150, 150]


def test_a_round_lens_magnifies_as_the_isothermal_sphere_does() -> None:
    """A small source at distance b is magnified 2 theta_E / b times, in images at theta_E + b and theta_E - b."""
    grid, away = Grid.square(400, 0.0125), 0.5
    deflector = Deflector(1.2, 0.0, 0.0, 0.9999, 0.0, (0.0, 0.0))
    source = Source(Shape(away, 0.0, 0.05), 1.0, 0, 0.0)
    image = source.paint(deflector.trace(grid, lens_model()), np.random.default_rng(1))
    assert image.sum() == pytest.approx(2 * 1.2 / away, rel=0.03)
    for side, place in ((grid.x > 0, 1.2 + away), (grid.x < 0, -1.2 + away)):
        assert np.average(grid.x[side], weights=image[side]) == pytest.approx(place, abs=0.03)


def test_seeing_keeps_the_flux_and_has_its_width() -> None:
    image = np.zeros((121, 121), np.float32)
    image[60, 60] = 1.0
    seen = Seeing(1.0).spread(image, 5.0)
    assert seen.sum() == pytest.approx(1.0, abs=1e-4)
    assert (seen > seen.max() / 2).sum() == pytest.approx(math.pi * 2.5**2, rel=0.15)


@pytest.mark.parametrize("camera", [GROUND, SPACE], ids=["ground", "space"])
def test_a_point_source_at_the_depth_is_seen_at_five_sigma(camera: Camera) -> None:
    depths = np.array([[camera.profile.stack_depth[band] for band in camera.bands]])
    grid = camera.grid()
    point = sersic(grid, Shape(0.0, 0.0, grid.step), 0.5)
    image = camera.expose([point / point.sum()], depths, Seeing(camera.profile.fwhm[1]))[camera.detection]
    # Pixels widen the PSF of the space camera: a matched filter sees a little less than in the formula.
    assert 3.8 < np.sqrt((image**2).sum()) < 5.4


def test_old_stars_at_a_distance_are_red_and_young_ones_blue() -> None:
    rng = np.random.default_rng(5)
    old, young = (magnitudes(rng, kind, 0.5, 20.0, 0.0) for kind in ("old", "young"))
    assert old[1] - old[2] > young[1] - young[2] + 1.0
    assert old[2] == young[2] == 20.0


def test_stars_lie_on_the_locus() -> None:
    rng = np.random.default_rng(6)
    stars = np.array([stellar_magnitudes(rng, 20.0, 0.0) for _ in range(200)])
    assert (stars[:, 2] == 20.0).all()
    gr, ri = stars[:, 1] - stars[:, 2], stars[:, 2] - stars[:, 3]
    assert gr.min() >= 0
    assert gr.max() <= 1.6
    assert (ri[gr < 1.0] < 0.5).all()


def test_a_population_has_the_percentiles_that_it_is_drawn_through() -> None:
    rng = np.random.default_rng(2)
    for prior in (KIDS, EUCLID):
        drawn = [prior.draw(rng) for _ in range(1500)]
        assert isinstance(prior.einstein_radius, Percentiles)
        radii = np.quantile([one.einstein_radius for one in drawn], [0.16, 0.5, 0.84])
        np.testing.assert_allclose(radii, prior.einstein_radius.values[2:5], rtol=0.08)
        redshift, brightness = (np.array([getattr(one, name) for one in drawn]) for name in
                                ("lens_redshift", "lens_magnitude"))  # fmt: skip
        assert np.corrcoef(redshift, brightness)[0, 1] > 0.5
