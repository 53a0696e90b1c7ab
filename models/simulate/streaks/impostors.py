"""What is mistaken for the trail of an asteroid, each painted in arbitrary units; the caller sets its brightness."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from models.simulate.streaks.population import Population, Range
from models.simulate.streaks.sources import galaxy, grid, star
from models.simulate.streaks.trail import Image, Segment, trail

Paint = Callable[[np.random.Generator, tuple[int, int], float, Population], Image]


def log_uniform(rng: np.random.Generator, limits: Range) -> float:
    """Draw a number, uniform in its logarithm."""
    return float(np.exp(rng.uniform(math.log(limits[0]), math.log(limits[1]))))


def place(rng: np.random.Generator, shape: tuple[int, int]) -> tuple[float, float]:
    """Draw a place ``(x, y)``: half of the time near the centre, where alerts have their source."""
    rows, columns = shape
    if rng.random() < 0.5:
        return (columns - 1) / 2 + rng.normal(0, 1.5), (rows - 1) / 2 + rng.normal(0, 1.5)
    return rng.uniform(2, columns - 3), rng.uniform(2, rows - 3)


def _noise(rng: np.random.Generator, shape: tuple[int, int], fwhm: float, population: Population) -> Image:
    del rng, fwhm, population
    return np.zeros(shape, np.float32)


def _point(rng: np.random.Generator, shape: tuple[int, int], fwhm: float, population: Population) -> Image:
    """Paint a supernova, a variable star, a slow asteroid."""
    return star(shape, *place(rng, shape), fwhm, log_uniform(rng, (1e-3, population.wings[1])))


def _pair(rng: np.random.Generator, shape: tuple[int, int], fwhm: float, population: Population) -> Image:
    """Paint two to four stars in a row or a heap."""
    share = rng.uniform(*population.wings)
    x, y = place(rng, shape)
    image = star(shape, x, y, fwhm, share)
    for _ in range(int(rng.choice([1, 1, 1, 2, 3]))):
        angle, apart = rng.uniform(0, 2 * np.pi), fwhm * rng.uniform(1.0, 5.0)
        x, y = x + apart * math.cos(angle), y + apart * math.sin(angle)
        image += log_uniform(rng, (0.2, 1.0)) * star(shape, x, y, fwhm, share)
    return image


def _dipole(rng: np.random.Generator, shape: tuple[int, int], fwhm: float, population: Population) -> Image:
    """Paint a star subtracted in the wrong place."""
    del population
    x, y = place(rng, shape)
    angle, apart = rng.uniform(0, 2 * np.pi), fwhm * rng.uniform(0.1, 1.5)
    there = star(shape, x + apart * math.cos(angle), y + apart * math.sin(angle), fwhm * rng.uniform(0.85, 1.15))
    return star(shape, x, y, fwhm) - np.float32(rng.uniform(0.6, 1.4)) * there


def _residual(rng: np.random.Generator, shape: tuple[int, int], fwhm: float, population: Population) -> Image:
    """Paint a bright star subtracted with a wrong PSF: rings, lobes, a dipole and a saturated core."""
    del population
    x, y = place(rng, shape)
    lobes, turn = int(rng.choice([0, 1, 2, 3])), rng.uniform(0, 2 * np.pi)
    columns, rows = grid(shape)
    radius, angle = np.hypot(columns - x, rows - y) / fwhm, np.arctan2(rows - y, columns - x)
    waves = np.exp(-radius / rng.uniform(0.5, 2.0)) * np.cos(radius * rng.uniform(1.0, 5.0) + rng.uniform(0, 2 * np.pi))
    image = waves * (1.0 + rng.uniform(0, 2) * np.cos(lobes * angle + turn))
    speckle = np.exp(-radius / rng.uniform(0.3, 1.0)) * rng.standard_normal(shape) * rng.uniform(0, 1)
    image = image + speckle
    if rng.random() < 0.2:
        image[radius < rng.uniform(0.3, 1.0)] = 0.0
    return image.astype(np.float32)


def _cosmic_ray(rng: np.random.Generator, shape: tuple[int, int], fwhm: float, population: Population) -> Image:
    """Paint particles' tracks: as thin as the pixels, for they never came through the optics."""
    del fwhm
    image = np.zeros(shape, np.float32)
    for _ in range(int(rng.choice([1, 1, 1, 2, 4]))):
        x, y = place(rng, shape)
        angle, length = rng.uniform(0, 2 * np.pi), log_uniform(rng, population.ray_length)
        steps = np.arange(0.0, length, 0.2)
        bend = angle + rng.normal(0, 0.01) * steps  # a worm, now and then
        xs, ys = x + np.cumsum(0.2 * np.cos(bend)), y + np.cumsum(0.2 * np.sin(bend))
        charge = log_uniform(rng, (0.3, 1.0)) * np.exp(np.cumsum(rng.normal(0, 0.05, len(steps))))
        spread = rng.normal(0, rng.uniform(0.0, 0.3), (2, len(steps)))  # diffusion of the charge
        columns, rows = np.rint(xs + spread[0]).astype(int), np.rint(ys + spread[1]).astype(int)
        inside = (columns >= 0) & (columns < shape[1]) & (rows >= 0) & (rows < shape[0])
        np.add.at(image, (rows[inside], columns[inside]), charge[inside].astype(np.float32))
    return image


def _satellite(rng: np.random.Generator, shape: tuple[int, int], fwhm: float, population: Population) -> Image:
    """Paint a trail that crosses the whole stamp, steady or flashing."""
    rows, columns = shape
    reach = 3 * max(shape)
    while True:
        middle = rng.uniform(0, columns - 1), rng.uniform(0, rows - 1)
        segment = Segment.around(*middle, 2 * reach, rng.uniform(0, np.pi))
        inside = segment.within(rows, columns)
        if inside is not None and inside.length > 0.5 * min(shape):
            break
    width = fwhm * log_uniform(rng, population.satellite_width)
    if rng.random() < 0.6:
        return trail(shape, segment, width)
    period = int(rng.integers(60, 400))  # flashes along the line
    wave = 1.0 + rng.uniform(0, 1) * np.sin(2 * np.pi * np.linspace(0, period / 8, 128) + rng.uniform(0, 6))
    return trail(shape, segment, width, wave)


def _edge_on(rng: np.random.Generator, shape: tuple[int, int], fwhm: float, population: Population) -> Image:
    """Paint a disc galaxy seen from its side, with or without a bulge."""
    x, y = place(rng, shape)
    length, ratio = fwhm * log_uniform(rng, population.galaxy_length), rng.uniform(*population.axis_ratio)
    angle, bulge = rng.uniform(0, np.pi), max(rng.uniform(-0.5, 0.5), 0.0)
    disc = galaxy(shape, x, y, fwhm, length, ratio, angle)
    round_part = galaxy(shape, x, y, fwhm, 0.3 * length, rng.uniform(0.6, 1.0), angle)
    return (1.0 - bulge) * disc + bulge * round_part


def _galaxy(rng: np.random.Generator, shape: tuple[int, int], fwhm: float, population: Population) -> Image:
    """Paint any other galaxy."""
    length = fwhm * log_uniform(rng, (0.3, population.galaxy_length[1]))
    return galaxy(
        shape, *place(rng, shape), fwhm, length, rng.uniform(population.axis_ratio[1], 1.0), rng.uniform(0, np.pi)
    )


def _spikes(rng: np.random.Generator, shape: tuple[int, int], fwhm: float, population: Population) -> Image:
    """Paint a bright star's diffraction spikes, the star in the stamp or beside it, its core subtracted or not."""
    del population
    rows, columns = shape
    x, y = (0.5 + rng.uniform(-0.8, 0.8, 2)) * (columns, rows)
    turn = rng.choice([0.0, np.pi / 4, rng.uniform(0, np.pi)])
    arms = int(rng.choice([2, 2, 2, 3]))
    xs, ys = grid(shape)
    width, fall = 0.425 * fwhm * rng.uniform(0.8, 1.4), fwhm * rng.uniform(2, 10)
    image = np.zeros(shape)
    for arm in range(arms):
        angle = turn + arm * np.pi / arms
        across = (xs - x) * math.sin(angle) - (ys - y) * math.cos(angle)
        along = np.abs((xs - x) * math.cos(angle) + (ys - y) * math.sin(angle))
        image += np.exp(-0.5 * (across / width) ** 2) / (1.0 + (along / fall) ** rng.uniform(1.0, 3.0))
    core = star(shape, x, y, fwhm * rng.uniform(1.0, 2.0))
    return np.asarray(image + rng.choice([0.0, 50.0]) * fwhm**2 * core, np.float32)


def _bad_line(rng: np.random.Generator, shape: tuple[int, int], fwhm: float, population: Population) -> Image:
    """Paint bad columns or rows, whole or in part."""
    del fwhm, population
    image = np.zeros(shape, np.float32)
    either = image if rng.random() < 0.5 else image.T
    for _ in range(int(rng.choice([1, 1, 1, 2]))):
        first, width = int(rng.integers(0, len(either))), int(rng.choice([1, 1, 2, 3]))
        start, stop = sorted(rng.integers(0, either.shape[1] + 1, 2))
        part = slice(None) if rng.random() < 0.5 else slice(start, max(stop, start + 4))
        line = either[first : first + width, part]
        line += (rng.choice([1.0, -1.0]) * (1.0 + rng.normal(0, rng.uniform(0, 0.5), line.shape))).astype(np.float32)
    return image


def _bleed(rng: np.random.Generator, shape: tuple[int, int], fwhm: float, population: Population) -> Image:
    """Paint a saturated star and the charge that ran along its columns."""
    del population
    x, y = place(rng, shape)
    xs, ys = grid(shape)
    half, reach = max(0.5, 0.4 * fwhm * rng.uniform(0.4, 1.2)), rng.uniform(0.1, 1.0, 2) * shape[0]
    column = (np.abs(xs - round(x)) <= half) & (ys > y - reach[0]) & (ys < y + reach[1])
    halo = rng.choice([0.0, 1.0]) * star(shape, x, y, 2 * fwhm) * fwhm**2 * rng.uniform(1, 20)
    image: Image = np.minimum(column + halo, 1.0).astype(np.float32)
    return image if rng.random() < 0.7 else image.T


#: Every impostor by its name, with its share.
KINDS: dict[str, tuple[Paint, float]] = {
    "noise": (_noise, 0.14),
    "point source": (_point, 0.14),
    "close pair": (_pair, 0.08),
    "dipole": (_dipole, 0.09),
    "residual": (_residual, 0.09),
    "cosmic ray": (_cosmic_ray, 0.10),
    "satellite trail": (_satellite, 0.09),
    "edge-on galaxy": (_edge_on, 0.07),
    "galaxy": (_galaxy, 0.05),
    "spikes": (_spikes, 0.05),
    "bad line": (_bad_line, 0.05),
    "bleed": (_bleed, 0.05),
}

#: Those that pass for a trail most often.
HARD = ("edge-on galaxy", "close pair")
