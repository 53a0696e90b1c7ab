"""Galaxies with structure: arms, bars, rings, clumps, dust, shells and tidal tails, before seeing and noise."""

from __future__ import annotations

import numpy as np

from models.simulate.sky import Floats


def galaxy(side: int, x: float, y: float, radius: float, rng: np.random.Generator) -> Floats:
    """Paint one galaxy of unit flux.

    Parameters
    ----------
    side : int
        Of the image [px].
    x, y : float
        Centre [px].
    radius : float
        Half-light radius [px].
    rng : Generator
        Draws everything else.

    Returns
    -------
    array (side, side)
    """
    ratio = rng.choice([rng.uniform(0.3, 1.0), rng.uniform(0.08, 0.3)], p=[0.8, 0.2])
    along, across = _axes(side, x, y, rng.uniform(0, np.pi))
    r = np.hypot(along, across / ratio) / radius + 1e-3
    theta = np.arctan2(across / ratio, along)
    bulge = _sersic(np.hypot(along, across / rng.uniform(0.6, 1.0)) / (radius * rng.uniform(0.1, 0.4)), 3.0)
    if rng.random() < 0.25:  # elliptical
        total = _sersic(r, rng.uniform(2, 6))
    else:
        disc = np.exp(-1.68 * r) * _structure(r, theta, rng)
        share = rng.choice([0.0, rng.uniform(0.02, 0.6)], p=[0.3, 0.7])
        total = (1 - share) * disc / disc.sum() + share * bulge / bulge.sum()
    if rng.random() < 0.25:
        total = total / total.sum() * (1 + _clumps(along, across, radius, rng))
    if ratio < 0.3 and rng.random() < 0.5:  # a dust lane
        lane = (across - rng.normal(0, 0.05) * radius) / (0.08 * radius + 0.5)
        total = total * (1 - rng.uniform(0.3, 0.9) * np.exp(-0.5 * lane**2) * (np.abs(along) < 1.5 * radius))
    return np.asarray(total / total.sum())


def debris(side: int, x: float, y: float, radius: float, rng: np.random.Generator) -> Floats:
    """Paint what a merger leaves: tails, bridges and shells, of unit flux; parameters as of `galaxy`."""
    along, across = _axes(side, x, y, rng.uniform(0, np.pi))
    r, theta = np.hypot(along, across) / radius + 1e-3, np.arctan2(across, along)
    light = np.zeros((side, side))
    for _ in range(int(rng.integers(1, 4))):
        if rng.random() < 0.6:  # a tail winds outwards and fades
            unwound = theta - rng.uniform(-1.5, 1.5) * np.log(r) - rng.uniform(0, 2 * np.pi)
            unwound = (unwound + np.pi) % (2 * np.pi) - np.pi
            width = rng.uniform(0.08, 0.35)
            light += np.exp(-0.5 * (unwound / width) ** 2 - r / rng.uniform(1.0, 3.0)) * (r > 0.5)
        else:  # a shell has a sharp outer edge
            edge = rng.uniform(1.0, 3.5)
            sector = np.cos(theta - rng.uniform(0, 2 * np.pi)) > rng.uniform(-0.2, 0.8)
            light += sector * np.exp((r - edge) / 0.4) / (1 + np.exp(np.clip((r - edge) / 0.04, -50, 50)))
    return np.asarray(light / max(light.sum(), 1e-9))


def nebula(side: int, rng: np.random.Generator) -> Floats:
    """Paint diffuse light with a power-law spectrum, of mean 0 and deviation 1: cirrus, emission nebulae."""
    k = np.hypot(np.fft.fftfreq(side)[:, None], np.fft.rfftfreq(side))
    k[0, 0] = 1.0
    spectrum = np.fft.rfft2(rng.standard_normal((side, side))) * k ** -rng.uniform(1.0, 2.5)
    spectrum[0, 0] = 0.0
    field = np.fft.irfft2(spectrum, (side, side))
    return np.asarray(field / field.std())


def _axes(side: int, x: float, y: float, angle: float) -> tuple[Floats, Floats]:
    rows, columns = np.mgrid[:side, :side]
    c, s = np.cos(angle), np.sin(angle)
    return (columns - x) * c + (rows - y) * s, (rows - y) * c - (columns - x) * s


def _sersic(r: Floats, n: float) -> Floats:
    return np.asarray(np.exp(-(2 * n - 1 / 3) * (r ** (1 / n) - 1)))


def _structure(r: Floats, theta: Floats, rng: np.random.Generator) -> Floats:
    """Arms, a bar, a ring: factors on a smooth disc."""
    factor = np.ones_like(r)
    if rng.random() < 0.65:
        arms = int(rng.choice([2, 2, 2, 3, 4, 1]))
        pitch = np.tan(np.radians(rng.uniform(8, 40))) * rng.choice([-1, 1])
        phase = arms * (theta - np.log(r) / pitch) + rng.uniform(0, 2 * np.pi)
        factor *= 1 + rng.uniform(0.3, 3) * np.clip(np.cos(phase), 0, 1) ** rng.uniform(1, 4) * (r > 0.25)
    if rng.random() < 0.25:
        bar = np.hypot(r * np.cos(theta), r * np.sin(theta) / rng.uniform(0.2, 0.4))
        factor += rng.uniform(1, 5) * np.exp(-((bar / rng.uniform(0.4, 1.0)) ** 2))
    if rng.random() < 0.15:
        factor += rng.uniform(1, 20) * np.exp(-0.5 * ((r - rng.uniform(0.8, 2.0)) / rng.uniform(0.08, 0.3)) ** 2)
    return factor


def _clumps(along: Floats, across: Floats, radius: float, rng: np.random.Generator) -> Floats:
    """Star-forming knots: factors above the smooth light."""
    knots = np.zeros_like(along)
    for _ in range(int(rng.integers(2, 12))):
        u, v = rng.normal(0, radius, 2)
        size = max(0.7, radius * rng.uniform(0.03, 0.15))
        knots += rng.uniform(0.5, 8) * np.exp(-0.5 * ((along - u) ** 2 + (across - v) ** 2) / size**2)
    return knots
