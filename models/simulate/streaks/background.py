"""What lies under a trail: noise, a star's residual in a difference image, neighbours in any other."""

from __future__ import annotations

import math

import numpy as np

from models.simulate.streaks.impostors import KINDS, log_uniform
from models.simulate.streaks.population import Population, Range
from models.simulate.streaks.sources import galaxy, grid, star
from models.simulate.streaks.trail import Image, matched_snr

#: Share of a source's signal-to-noise ratio that missing pixels may not take.
_LEFT = 0.8


def background(
    rng: np.random.Generator, shape: tuple[int, int], fwhm: float, population: Population, *, difference: bool
) -> tuple[Image, Image]:
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

    Returns
    -------
    image, noise : float32 arrays of that shape
        With everything, and the noise alone.
    """
    image = _noise(rng, shape, population.kernel, correlated=rng.random() < population.correlated)
    noise = image.copy()
    if population.slopes and rng.random() < population.slopes:
        image += _slope(rng, shape)
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
    if difference and population.beside:
        for _ in range(rng.poisson(population.beside)):
            kind = str(rng.choice(("point source", "dipole", "residual"), p=(0.5, 0.25, 0.25)))
            other = KINDS[kind][0](rng, shape, fwhm, population)
            level = rng.choice((1.0, -1.0)) * log_uniform(rng, population.impostor_snr)
            image += other * np.float32(level / max(matched_snr(other), 1e-6))
    if population.rays and rng.random() < population.rays:
        ray = KINDS["cosmic ray"][0](rng, shape, fwhm, population)
        image += ray * np.float32(log_uniform(rng, population.impostor_snr) / max(matched_snr(ray), 1e-6))
    return image, noise


def mask(rng: np.random.Generator, image: Image, source: Image) -> Image:
    """Lose pixels: a strip along a rim, lines, a box, the middle of a star; none where that would hide the source."""
    rows, columns = image.shape
    whole, image = image, image.copy()
    x, y = rng.integers(0, columns), rng.integers(0, rows)
    kind = rng.integers(4)
    if kind == 0:
        depth = int(rng.integers(1, rows // 3))
        (image if rng.random() < 0.5 else image.T)[slice(depth) if rng.random() < 0.5 else slice(-depth, None)] = np.nan
    elif kind == 1:
        (image if rng.random() < 0.5 else image.T)[y : y + int(rng.integers(1, 4))] = np.nan
    elif kind == 2:
        image[y : y + int(rng.integers(2, 20)), x : x + int(rng.integers(2, 20))] = np.nan
    else:
        across, along = grid((rows, columns))
        image[np.hypot(across - x, along - y) < rng.uniform(1.0, 8.0)] = np.nan
    left = matched_snr(np.where(np.isfinite(image), source, np.float32(0.0)))
    return image if left > _LEFT * matched_snr(source) else whole


def _noise(rng: np.random.Generator, shape: tuple[int, int], kernel: Range | None, *, correlated: bool) -> Image:
    """Gaussian noise of unit variance; correlated as by resampling with a shift of part of a pixel, or by a kernel."""
    from scipy.ndimage import gaussian_filter

    if not correlated:
        return rng.standard_normal(shape, dtype=np.float32)
    if kernel is not None and rng.random() < 0.7:
        smooth = gaussian_filter(rng.standard_normal(shape, dtype=np.float32), log_uniform(rng, kernel), mode="wrap")
        return np.asarray(smooth / smooth.std(), np.float32)
    noise = rng.standard_normal((shape[0] + 1, shape[1] + 1), dtype=np.float32)
    for axis in (0, 1):
        shift = np.float32(rng.uniform(0, 0.5))
        a, b = (np.take(noise, range(start, noise.shape[axis] - 1 + start), axis) for start in (0, 1))
        noise = np.asarray(((1 - shift) * a + shift * b) / math.hypot(1 - shift, shift), np.float32)
    return noise


def _slope(rng: np.random.Generator, shape: tuple[int, int]) -> Image:
    """Background of a few sigma that is not even: the outskirts of something large."""
    x, y = grid(shape)
    u, v = x / shape[1] - 0.5, y / shape[0] - 0.5
    a, b, c, d, e = rng.normal(0, 1, 5)
    wave = a * u + b * v + c * u * u + d * u * v + e * v * v
    return np.asarray(log_uniform(rng, (0.3, 3.0)) * wave, np.float32)
