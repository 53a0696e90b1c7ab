from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from models.simulate.mergers.population import TEST
from models.simulate.mergers.stamps import draw_encounters
from models.simulate.mergers.three_body import (
    APPROACH,
    Encounters,
    disturbed,
    escape,
    follow,
    frequency,
    random_rotations,
    ring,
    spoke,
)


@pytest.fixture(scope="module")
def encounters() -> Encounters:
    return draw_encounters(np.random.default_rng(4), TEST, 24)


def test_without_a_companion_every_star_stays_on_its_circle(encounters: Encounters) -> None:
    alone = replace(encounters.part(slice(0, 2)), mass=np.full(2, 1e-9), pericentre=np.full(2, 40.0))
    (tides,) = follow(alone, np.full((2, 1), 6.0))
    x, y, z = np.moveaxis(tides.discs[:, 0], -1, 0)
    radius, angle = np.hypot(x, y), np.arctan2(y, x)
    np.testing.assert_allclose(radius, np.broadcast_to(ring()[:, None], radius.shape), atol=0.02)
    assert np.abs((angle - spoke() + np.pi) % (2 * np.pi) - np.pi).max() < 0.15
    assert np.abs(z).max() < 0.02
    assert disturbed(tides)[:, 0].max() == 0.0


def test_an_orbit_without_drag_keeps_its_energy_and_angular_momentum(encounters: Encounters) -> None:
    free = replace(encounters, drag=np.zeros(24))
    views = follow(free, np.tile([0.0, 3.0, 7.0], (24, 1)))
    total, softening = 1.0 + free.mass, 0.3 * np.hypot(1.0, free.radius)
    energies, momenta = [], []
    for tides in views:
        apart = tides.centres[:, 1] - tides.centres[:, 0]
        velocity = tides.velocities[:, 1] - tides.velocities[:, 0]
        distance = np.linalg.norm(apart, axis=1)
        kinetic = 0.5 * (velocity**2).sum(axis=1)
        energies.append(kinetic - 0.5 * escape(distance, total, softening) ** 2)
        momenta.append(np.cross(apart, velocity)[:, 2])
    np.testing.assert_allclose(energies[1:], np.tile(energies[0], (2, 1)), atol=0.02)
    np.testing.assert_allclose(momenta[1:], np.tile(momenta[0], (2, 1)), rtol=0.02)
    np.testing.assert_allclose(np.linalg.norm(views[0].centres[:, 1] - views[0].centres[:, 0], axis=1), free.pericentre)


def test_drag_brings_the_nuclei_together(encounters: Encounters) -> None:
    apart = []
    for drag in (0.0, 0.8):
        (tides,) = follow(replace(encounters, drag=np.full(24, drag)), np.full((24, 1), 7.0))
        apart.append(np.linalg.norm(tides.centres[:, 1] - tides.centres[:, 0], axis=1))
    assert np.median(apart[1]) < 0.5 * np.median(apart[0])


def test_a_passage_along_with_the_disc_tears_more_than_one_against_it(encounters: Encounters) -> None:
    """Toomre & Toomre's first result: stars that keep up with the companion feel it longest."""
    with_it, against = np.eye(3), np.diag([1.0, -1.0, -1.0])
    torn = []
    for spin in (with_it, against):
        turned = replace(encounters, spin=np.tile(spin, (24, 2, 1, 1)), pericentre=np.full(24, 1.0))
        (tides,) = follow(turned, np.full((24, 1), 3.0))
        torn.append(disturbed(tides)[:, 0].mean())
    assert torn[0] > 1.5 * torn[1]


def test_galaxies_are_whole_before_they_meet(encounters: Encounters) -> None:
    (before, after) = follow(encounters, np.tile([-0.9 * APPROACH, 2.0], (24, 1)))
    assert np.median(disturbed(before)) < 0.05
    assert np.median(disturbed(after)) > 0.2


def test_the_tests_pairs_are_as_far_apart_as_galaxy_zoos() -> None:
    """Medians of the 62 best fits: separation as seen 2.2 (16 to 84 %: 1.2 to 3.7) first radii, mass ratio 0.58."""
    rng = np.random.default_rng(8)
    many = draw_encounters(rng, TEST, 60)
    (tides,) = follow(many, rng.uniform(*TEST.time, (60, 1)))
    sky = random_rotations(rng, 60)
    seen = np.linalg.norm((sky @ (tides.centres[:, 1] - tides.centres[:, 0])[..., None])[:, :2, 0], axis=1)
    assert 1.0 < np.median(seen) < 3.5
    assert 0.4 < np.median(many.mass) < 0.75


def test_rotations_are_rotations_every_way() -> None:
    turned = random_rotations(np.random.default_rng(0), 500)
    np.testing.assert_allclose(turned @ turned.swapaxes(-1, -2), np.tile(np.eye(3), (500, 1, 1)), atol=1e-12)
    np.testing.assert_allclose(np.linalg.det(turned), 1.0)
    assert np.abs(turned.mean(axis=0)).max() < 0.1


def test_inner_stars_turn_faster() -> None:
    assert (np.diff(frequency(ring())) < 0).all()
    assert frequency(np.array(1.0)) == pytest.approx(1.09**-0.5)
