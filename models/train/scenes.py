"""Draws skies, atmospheres and detectors of all surveys, more widely than surveys have them.

What a network learns from is drawn so that real stamps lie inside what it saw; nothing here imitates one night of one
survey, as `models.simulate.night` does.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from models.simulate import morphology, sky
from models.simulate.sky import Complexes, Floats, Galaxies, Grid, Stars

MARGIN = 10
"""Painted around a stamp, so that what wraps round the Fourier grid stays outside it [px]."""

MAX_GALAXIES = 10
EMPTY = 0.08


@dataclass(frozen=True, slots=True)
class Format:
    """How a survey cuts its stamps, and the sky frame that they are brought to.

    Attributes
    ----------
    share : float
        Of the drawn pairs.
    pixel_scale : float
        [arcsec/px].
    smallest, largest : int
        Sides of its stamps [px].
    seeing : float
        Median FWHM [arcsec].
    frame_side, frame_scale : int, float
        The sky frame [px, arcsec/px].
    rotates : bool
        Whether north is anywhere, and the object a fraction of a pixel off the middle.
    """

    share: float
    pixel_scale: float
    smallest: int
    largest: int
    seeing: float
    frame_side: int
    frame_scale: float
    rotates: bool = True


FORMATS = {
    "ztf": Format(0.44, 1.01, 63, 63, 2.1, 63, 1.01, rotates=False),
    "lsst": Format(0.26, 0.2, 30, 93, 0.95, 30, 0.2),
    "sdss": Format(0.08, 0.4, 60, 90, 1.3, 64, 0.4),
    "kids": Format(0.08, 0.2, 64, 101, 0.7, 64, 0.2),
    "vst": Format(0.06, 0.21, 120, 140, 0.8, 64, 0.4),
    "euclid": Format(0.08, 0.1, 64, 120, 0.17, 64, 0.1),
}


@dataclass(frozen=True, slots=True)
class Optics:
    """What a point becomes: FWHM [px], slope of the transfer function, ellipticity, smear and defocus [px]."""

    fwhm: float
    slope: float
    ellipticity: float
    angle: float
    smear: float
    donut: float


@dataclass(frozen=True, slots=True, eq=False)
class Scene:
    """What is in the sky, in units of the science image's noise: the lasting, and a point source that may vary."""

    grid: Grid
    still: Complexes
    point: Complexes
    quiescent: float


def draw_grid(
    one: Format, side: int, fwhm: float, rng: np.random.Generator
) -> tuple[Grid, float, float, tuple[float, float, float, float]]:
    """Draw how a stamp lies on the sky: what to paint on, the object's place [px], and the sky frame's matrix."""
    painted = side + 2 * MARGIN
    painted += -painted % 16  # a few sizes only: their Fourier grids are made once, and transform fast
    angle = rng.uniform(0, 2 * np.pi) if one.rotates else 0.0
    dither = rng.uniform(-0.5, 0.5, 2)
    x, y = (side - 1) / 2 + dither
    c, s = float(np.cos(angle) / one.pixel_scale), float(np.sin(angle) / one.pixel_scale)
    first = (painted - side) // 2
    grid = Grid(painted, 2 if fwhm < 2.6 else 1, first + x, first + y, (-c, s, s, c))
    if not one.rotates:
        x = y = (side - 1) / 2
    return grid, float(x), float(y), (c, s, -s, c)


def draw_sources(grid: Grid, side: int, fwhm: float, rng: np.random.Generator) -> tuple[Stars, Galaxies, Floats, float]:
    """Draw stars, smooth galaxies, galaxies with structure (as an image), and the object's own flux."""
    beams = (side / fwhm) ** 2
    empty = rng.random() < EMPTY
    area = 1.13 * fwhm**2
    reach = 0.5 * (side + MARGIN) * grid.pixel_scale

    number = 0 if empty else int(rng.poisson(min(beams * 10 ** rng.uniform(-3.5, -0.6), 400)))
    faintest, slope = 10 ** rng.uniform(-0.3, 1.2), rng.uniform(0.45, 1.3)
    peaks = np.minimum(faintest * rng.uniform(1e-4, 1, number) ** (-1 / slope), 3e4)
    stars = Stars(rng.uniform(-reach, reach, number), rng.uniform(-reach, reach, number), peaks * area)

    number = 0 if empty else min(int(rng.poisson(beams * 10 ** rng.uniform(-3.5, -1.3))), MAX_GALAXIES)
    length = fwhm * grid.pixel_scale * 10 ** rng.normal(-0.1, 0.3, number)
    x, y = rng.uniform(-reach, reach, (2, number))
    if number and rng.random() < 0.5:
        x[0], y[0] = rng.normal(0, 1, 2) * length[0]
    peaks = np.minimum(2 * rng.uniform(1e-3, 1, number) ** -1.0, 2000)
    flux = peaks * (area + 6 * (length / grid.pixel_scale) ** 2)
    index = rng.choice([0.5, -0.6, 0.0], number)
    galaxies = Galaxies(x, y, flux, index, length, rng.uniform(0.15, 1, number), rng.uniform(0, np.pi, number))

    picture = np.zeros((grid.side, grid.side))
    if not empty:
        _add_structure(picture, grid, side, fwhm, rng)
    quiescent = 0.0 if empty or rng.random() < 0.4 else 10 ** rng.uniform(0.3, 3.7) * area
    return stars, galaxies, picture, float(quiescent)


def _add_structure(picture: Floats, grid: Grid, side: int, fwhm: float, rng: np.random.Generator) -> None:
    for _ in range(int(rng.choice([0, 1, 2, 3], p=[0.58, 0.27, 0.1, 0.05]))):
        radius = min(fwhm * 10 ** rng.uniform(-0.1, 1.0), 0.4 * side)
        spread = radius * rng.choice([0.1, 1.0, 4.0])
        x, y = grid.x + rng.normal(0, spread), grid.y + rng.normal(0, spread)
        light = morphology.galaxy(grid.side, x, y, radius, rng)
        if rng.random() < 0.25:
            light = light + rng.uniform(0.05, 0.6) * morphology.debris(grid.side, x, y, radius, rng)
        picture += light * 10 ** rng.uniform(0.2, 2.7) * (1.13 * fwhm**2 + 6 * radius**2)
    if rng.random() < 0.06:
        picture += morphology.nebula(grid.side, rng) * rng.uniform(0.3, 10)


def draw_scene(
    grid: Grid, sources: tuple[Stars, Galaxies, Floats, float], colour: float, rng: np.random.Generator | None
) -> Scene:
    """Turn sources into spectra; in a cube every source has a colour of its own."""
    stars, galaxies, picture, quiescent = sources
    if rng is not None:
        stars = Stars(stars.x, stars.y, stars.flux * colour * 10 ** rng.normal(0, 0.2, len(stars.x)))
        flux = galaxies.flux * colour * 10 ** rng.normal(0, 0.2, len(galaxies.x))
        galaxies = Galaxies(
            galaxies.x, galaxies.y, flux, galaxies.index, galaxies.length, galaxies.ratio, galaxies.angle
        )
        picture = picture * colour
    still = sky.spectrum(grid, stars, galaxies)
    if picture.any():
        still = still + _painted_spectrum(grid, picture)
    point = sky.spectrum(grid, Stars(np.zeros(1), np.zeros(1), np.ones(1)))
    return Scene(grid, still, point, quiescent)


def _painted_spectrum(grid: Grid, picture: Floats) -> Complexes:
    """Transform an image of one sample a pixel on the finer grid that point sources need."""
    n, samples = grid.side, grid.side * grid.oversample
    coarse = np.fft.rfft2(picture)
    if samples == n:
        return np.asarray(coarse)
    fine = np.zeros((samples, samples // 2 + 1), dtype=complex)
    half = n // 2
    fine[:half, : half + 1], fine[-half:, : half + 1] = coarse[:half], coarse[half:]
    return fine


def transfer(grid: Grid, optics: Optics) -> Floats:
    """Return the transfer function: a stretched exponential, whose slope 5/3 is Kolmogorov's and 2 a Gaussian's."""
    samples = grid.side * grid.oversample
    kx, ky = np.fft.rfftfreq(samples, 1 / grid.oversample), np.fft.fftfreq(samples, 1 / grid.oversample)[:, None]
    c, s = np.cos(optics.angle), np.sin(optics.angle)
    along, across = kx * c + ky * s, ky * c - kx * s
    stretch = (1 + optics.ellipticity) ** 0.5
    k = np.hypot(along * stretch, across / stretch)
    # The FWHM's factor: 1.887 for the Gaussian, 2.150 for Kolmogorov's; between and beyond, a straight line.
    transfer = np.exp(-(((1.887 + 0.79 * (2 - optics.slope)) * optics.fwhm * k) ** optics.slope))
    transfer *= np.sinc(kx) * np.sinc(ky) * np.sinc(along * optics.smear)
    if optics.donut:
        offset = np.minimum(np.arange(samples), samples - np.arange(samples)) / grid.oversample
        radius = np.hypot(offset[:, None], offset)
        pupil = np.clip(optics.donut - radius + 0.5, 0, 1) - np.clip(0.4 * optics.donut - radius + 0.5, 0, 1)
        transfer = transfer * (np.fft.rfft2(pupil).real / pupil.sum())
    return np.asarray(transfer)


def draw_noise(shape: tuple[int, ...], rng: np.random.Generator) -> Floats:
    """Noise of unit deviation: white, or correlated by resampling; now and then with heavy tails."""
    noise = rng.standard_t(4, shape) / np.sqrt(2) if rng.random() < 0.06 else rng.standard_normal(shape)
    if rng.random() < 0.45:
        a = rng.uniform(0.05, 0.6)
        for axis in (0, 1):
            noise = (noise + a * (np.roll(noise, 1, axis) + np.roll(noise, -1, axis))) / np.sqrt(1 + 2 * a * a)
    return np.asarray(noise)
