"""Small skies for the classical baselines: some stars, seen again and again."""

from __future__ import annotations

import numpy as np

SIDE = 48
STARS = ((24.0, 24.0, 4000.0), (10.0, 33.0, 900.0), (37.0, 12.0, 1500.0))


def star(x: float, y: float, flux: float, fwhm: float) -> np.ndarray:
    rows, columns = np.mgrid[:SIDE, :SIDE]
    sigma = fwhm / 2.3548
    profile = np.exp(-0.5 * ((columns - x) ** 2 + (rows - y) ** 2) / sigma**2)
    return flux * profile / (2 * np.pi * sigma**2)


def exposure(
    seed: int, fwhm: float = 3.0, noise: float = 3.0, *, stars: tuple[tuple[float, float, float], ...] = STARS
) -> np.ndarray:
    light = sum((star(x, y, flux, fwhm) for x, y, flux in stars), np.zeros((SIDE, SIDE)))
    return (light + np.random.default_rng(seed).normal(0.0, noise, (SIDE, SIDE))).astype(np.float32)


def stack(fwhm: float = 3.2) -> np.ndarray:
    return exposure(10_000, fwhm, noise=0.6)


def trail(level: float = 30.0) -> np.ndarray:
    rows, columns = np.mgrid[:SIDE, :SIDE]
    return (level * np.exp(-0.5 * ((rows - 0.5 * columns - 5) / 1.3) ** 2)).astype(np.float32)
