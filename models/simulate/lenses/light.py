"""Surfaces on a fine grid, of unit flux: ellipticals, discs, spirals, rings, tidal tails, and light around stars."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Image = NDArray[np.float32]


@dataclass(frozen=True, slots=True, eq=False)
class Grid:
    """Points on the sky.

    Attributes
    ----------
    x, y : float32 arrays
        Offsets from the stamp's middle [arcsec].
    step : float
        Of the grid [arcsec].
    """

    x: Image
    y: Image
    step: float

    @classmethod
    def square(cls, side: int, step: float) -> Grid:
        """Lay out side by side points around the middle."""
        line = (np.arange(side, dtype=np.float32) - (side - 1) / 2) * np.float32(step)
        x, y = np.meshgrid(line, line)
        return cls(x, y, step)


@dataclass(frozen=True, slots=True)
class Shape:
    """Where a galaxy lies and how it is seen.

    Attributes
    ----------
    x, y : float
        Centre [arcsec].
    radius : float
        Half-light radius, geometric mean of both axes [arcsec].
    axis_ratio : float
        Minor over major.
    angle : float
        Of the major axis [rad].
    """

    x: float
    y: float
    radius: float
    axis_ratio: float = 1.0
    angle: float = 0.0

    def axes(self, grid: Grid) -> tuple[Image, Image]:
        """Return coordinates along both axes, in which the isophotes are circles [arcsec]."""
        dx, dy = grid.x - np.float32(self.x), grid.y - np.float32(self.y)
        cos, sin = np.float32(math.cos(self.angle)), np.float32(math.sin(self.angle))
        root = np.float32(math.sqrt(self.axis_ratio))
        return np.multiply(dx * cos + dy * sin, root), np.divide(dy * cos - dx * sin, root, dtype=np.float32)


def sersic(grid: Grid, shape: Shape, index: float) -> Image:
    r"""Return the share of a Sersic profile's flux in each cell.

    :math:`I \propto \exp(-b (R / R_e)^{1/n})` with b from Ciotti and Bertin (1999, A&A 352, 447). A cell takes the
    brightness of its middle, no nearer to the centre than 0.38 of its width: the mean distance of its points.
    """
    u, v = shape.axes(grid)
    b = 2.0 * index - 1.0 / 3.0 + 4.0 / (405.0 * index)
    flux = 2.0 * math.pi * index * math.gamma(2.0 * index) * b ** (-2.0 * index) * shape.radius**2
    squares = (u * u + v * v) / np.float32(shape.radius**2) + np.float32((0.38 * grid.step / shape.radius) ** 2)
    light = np.exp(np.float32(-b) * squares ** np.float32(0.5 / index))
    return np.asarray(light * np.float32(grid.step**2 / flux), np.float32)


def blobs(grid: Grid, x: NDArray[np.float64], y: NDArray[np.float64], widths: NDArray[np.float64]) -> Image:
    """Add up round Gaussians of equal flux, together one, at places (n,) with standard deviations (n,) [arcsec]."""
    light = np.zeros_like(grid.x)
    for u, v, width in zip(x, y, np.maximum(widths, 0.5 * grid.step), strict=True):
        squares = (grid.x - np.float32(u)) ** 2 + (grid.y - np.float32(v)) ** 2
        light += np.exp(squares * np.float32(-0.5 / width**2)) * np.float32(grid.step**2 / (2 * math.pi * width**2))
    return light / np.float32(max(len(x), 1))


def arms(grid: Grid, shape: Shape, rng: np.random.Generator, number: int, winding: float, contrast: float) -> Image:
    r"""Return an exponential disc with spiral arms.

    :math:`e^{-r/R} [1 + A \cos(N\theta + \alpha \log(2r/R) + \varphi)]`, the recipe of the Bologna lens challenge
    (Metcalf et al. 2019, A&A 625, A119); knots of star formation make the arms uneven.

    Parameters
    ----------
    grid, shape
    rng : Generator
        Draws the phase and the knots.
    number : int
        Of arms, N.
    winding : float
        alpha: how tightly they are wound.
    contrast : float
        A, 0 to 1.
    """
    u, v = shape.axes(grid)
    scale = np.float32(shape.radius / 1.678)
    r = np.hypot(u, v) / scale + np.float32(1e-3)
    theta = np.arctan2(v, u)
    phase = number * theta + np.float32(winding) * np.log(2 * r) + np.float32(rng.uniform(0, 2 * np.pi))
    knots = 1 + np.float32(rng.uniform(0, 0.5)) * np.cos(
        int(rng.integers(3, 9)) * theta + np.float32(rng.uniform(3, 12)) * r + np.float32(rng.uniform(0, 2 * np.pi))
    )
    light = np.exp(-r) * (1 + np.float32(contrast) * np.cos(phase) * knots)
    return np.asarray(np.maximum(light, 0) * np.float32(grid.step**2 / (2 * math.pi * scale**2)), np.float32)


def ring(grid: Grid, shape: Shape, rng: np.random.Generator, width: float, unevenness: float) -> Image:
    """Return a ring at the shape's radius, Gaussian across with a width in radii, brighter on some sides."""
    u, v = shape.axes(grid)
    r = np.hypot(u, v) / np.float32(shape.radius)
    theta = np.arctan2(v, u)
    light = np.exp(np.float32(-0.5 / width**2) * (r - 1) ** 2)
    for order in (1, 2, 3, 5):
        phase = np.float32(rng.uniform(0, 2 * np.pi))
        light *= 1 + np.float32(unevenness * rng.uniform(0, 1) / order) * np.cos(order * theta + phase)
    flux = (2 * math.pi) ** 1.5 * width * shape.radius**2
    return np.asarray(light * np.float32(grid.step**2 / flux), np.float32)


def tail(grid: Grid, shape: Shape, rng: np.random.Generator, length: float, width: float) -> Image:
    """Return a tidal tail: a piece of a spiral from the galaxy outwards, `length` [rad] long, `width` in radii."""
    u, v = shape.axes(grid)
    r = np.hypot(u, v) / np.float32(shape.radius)
    start, pitch = rng.uniform(0, 2 * np.pi), rng.uniform(0.25, 0.9) * rng.choice([-1, 1])
    turned = (np.arctan2(v, u) * np.sign(pitch) - np.float32(start)) % np.float32(2 * np.pi)
    away = np.float32(rng.uniform(0.8, 1.6)) * np.exp(np.float32(abs(pitch)) * turned)
    spread = np.float32(width) * (1 + turned / 2)
    light = np.exp(-0.5 * ((r - away) / spread) ** 2 - turned / np.float32(length)) * (turned < 2 * length)
    return np.asarray(light / np.float32(max(float(light.sum()), 1e-6)), np.float32)


def aureole(grid: Grid, x: float, y: float, radius: float, slope: float) -> Image:
    """Return the light that a telescope scatters far from a star, falling as a power of the distance.

    King (1971, PASP 83, 199) finds the inverse square from some arcsec on; nearer in, Moffat's profile is steeper.

    Parameters
    ----------
    grid : Grid
    x, y : float
        Of the star [arcsec].
    radius : float
        Up to which it is flat [arcsec].
    slope : float
        Of the brightness: the distance's power, positive.
    """
    squares = ((grid.x - np.float32(x)) ** 2 + (grid.y - np.float32(y)) ** 2) / np.float32(radius**2)
    light = (1 + squares) ** np.float32(-slope / 2)
    return np.asarray(light / light.sum(), np.float32)


def spikes(grid: Grid, x: float, y: float, angle: float, number: int, length: float) -> Image:
    """Return straight rays through a star, of the mirror's struts or down a column of the detector.

    Parameters
    ----------
    grid : Grid
    x, y : float
        Of the star [arcsec].
    angle : float
        Of the first one [rad].
    number : int
        Of lines, each with a ray to both sides, evenly apart.
    length : float
        In which they fade by e [arcsec].
    """
    dx, dy = grid.x - np.float32(x), grid.y - np.float32(y)
    light = np.zeros_like(grid.x)
    for line in range(number):
        turn = angle + math.pi * line / number
        cos, sin = np.float32(math.cos(turn)), np.float32(math.sin(turn))
        across = (dy * cos - dx * sin) / np.float32(grid.step)
        light += np.exp(-np.abs(dx * cos + dy * sin) / np.float32(length) - across * across)
    return np.asarray(light / light.sum(), np.float32)
