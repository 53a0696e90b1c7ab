"""What lies under a trail: noise, a star's residual in a difference image, neighbours in any other."""

from __future__ import annotations

import math

import numpy as np

from models.simulate.streaks.impostors import KINDS, log_uniform
from models.simulate.streaks.population import Population
from models.simulate.streaks.sources import galaxy, star
from models.simulate.streaks.trail import Image, matched_snr


def background(
    rng: np.random.Generator, shape: tuple[int, int], fwhm: float, population: Population, *, difference: bool
) -> Image:
    """Draw an image without its object, in units of a pixel's noise.

    Parameters
    ----------
    rng : Generator
    shape : (rows, columns)
    fwhm : float
        [px].
    population : Population
    difference : bool
        Of two exposures: stars leave residuals. Otherwise stars and galaxies stand in it.
    """
    image = _noise(rng, shape, correlated=rng.random() < population.correlated)
    if difference and rng.random() < population.residuals:
        left = KINDS["residual"][0](rng, shape, fwhm, population)
        image += left * np.float32(log_uniform(rng, population.impostor_snr) / max(matched_snr(left), 1e-6))
    elif not difference:
        for _ in range(rng.poisson(population.field)):
            x, y = rng.uniform(-2, shape[1] + 1), rng.uniform(-2, shape[0] + 1)
            if rng.random() < 0.4:
                one = star(shape, x, y, fwhm, rng.uniform(*population.wings))
            else:
                one = galaxy(
                    shape, x, y, fwhm, fwhm * log_uniform(rng, (0.2, 2.0)), rng.uniform(0.3, 1.0), rng.uniform(0, np.pi)
                )
            image += one * np.float32(log_uniform(rng, (3.0, 200.0)) / max(matched_snr(one), 0.02))
    if population.rays and rng.random() < population.rays:
        ray = KINDS["cosmic ray"][0](rng, shape, fwhm, population)
        image += ray * np.float32(log_uniform(rng, population.impostor_snr) / max(matched_snr(ray), 1e-6))
    return image


def _noise(rng: np.random.Generator, shape: tuple[int, int], *, correlated: bool) -> Image:
    """Gaussian noise of unit variance; correlated as by resampling with a shift of part of a pixel."""
    if not correlated:
        return rng.standard_normal(shape, dtype=np.float32)
    noise = rng.standard_normal((shape[0] + 1, shape[1] + 1), dtype=np.float32)
    for axis in (0, 1):
        shift = np.float32(rng.uniform(0, 0.5))
        a, b = (np.take(noise, range(start, noise.shape[axis] - 1 + start), axis) for start in (0, 1))
        noise = np.asarray(((1 - shift) * a + shift * b) / math.hypot(1 - shift, shift), np.float32)
    return noise
