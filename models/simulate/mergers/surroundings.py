"""What a wide survey has beside its galaxies, mergers or not: crowds of stars, and the glare of bright ones."""

from __future__ import annotations

import math

import numpy as np

from models.simulate.mergers.impostors import Host, add_spheroid, anywhere, beside, log_uniform, spikes
from models.simulate.mergers.population import Population
from models.simulate.mergers.render import SIDE, Scene, square
from models.simulate.mergers.three_body import Floats


def add_surroundings(scene: Scene, rng: np.random.Generator, population: Population, host: Host) -> None:
    """Add a dense field to some stamps, and a bright star's halo to others."""
    if rng.random() < population.crowded:
        brightest = log_uniform(rng, (0.02, 1.0))
        for _ in range(int(rng.integers(5, 40))):
            scene.add_star(*anywhere(rng), host.flux * brightest * rng.power(0.3))
        for _ in range(int(rng.integers(0, 8))):
            size = host.half_light * log_uniform(rng, (0.1, 0.5))
            add_spheroid(scene, rng, anywhere(rng), host.flux * brightest * rng.power(0.3), size)
    if rng.random() < population.glare:
        _add_glare(scene, rng, host)


def _add_glare(scene: Scene, rng: np.random.Generator, host: Host) -> None:
    """Add a star that outshines the host, beside it, or just outside the stamp: core, halo and spikes."""
    place = beside(rng, host, rng.uniform(0.25, 0.65) * SIDE)
    flux = host.flux * log_uniform(rng, (0.5, 30.0))
    scene.add_star(*place, flux)
    scene.add_image(rng.uniform(0.02, 0.2) * flux * _halo(rng, place, host.fwhm))
    if rng.random() < 0.5:
        scene.add_image(rng.uniform(0.02, 0.1) * flux * spikes(rng, place, host.fwhm))


def _halo(rng: np.random.Generator, place: tuple[float, float], fwhm: float) -> Floats:
    """Paint the wings of a star's image (King 1971: the inverse square of the distance), of sum 1 within 200 px."""
    side, middle = square()
    y, x = np.mgrid[:side, :side] - middle - np.array(place[::-1])[:, None, None]
    core, fall = 2.0 * fwhm, rng.uniform(1.0, 1.5)
    wings = (1.0 + (x**2 + y**2) / core**2) ** -fall
    far = np.arange(0.5, 200.0)
    return np.asarray(wings / float((2 * math.pi * far * (1.0 + far**2 / core**2) ** -fall).sum()))
