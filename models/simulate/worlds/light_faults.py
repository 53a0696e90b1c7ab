"""Faults that are light: it falls on the detector with the sources', and is added to theirs.

Each takes the shape of a stamp, a generator, the sky noise and the seeing's FWHM [px], and returns an image.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from models.simulate.worlds.observed import Floats

Light = Callable[[tuple[int, int], np.random.Generator, float, float], Floats]

NEAR = 2.0
"""Up to so many FWHM from the middle, and trailed up to as many, a source is the object's own: no fault."""


def trail(shape: tuple[int, int], rng: np.random.Generator, sigma: float, fwhm: float) -> Floats:
    """Draw a satellite right across the stamp, 2 to 50 sigma a pixel on its ridge; one in four tumbles."""
    along, across = _line(shape, rng)
    width = fwhm * rng.uniform(1.0, 1.5) / 2.355
    ridge = between(rng, 2, 50) * sigma * np.exp(-0.5 * (across / width) ** 2)
    if rng.random() < 0.25:
        turn = np.pi * along / (fwhm * rng.uniform(3, 15)) + rng.uniform(0, np.pi)
        ridge = ridge * (0.15 + 0.85 * np.cos(turn) ** 2)
    return np.asarray(ridge)


def ghost(shape: tuple[int, int], rng: np.random.Generator, sigma: float, fwhm: float) -> Floats:
    """Draw the reflection of a bright star somewhere near: a large soft disc or ring, or an arc of one."""
    side = max(shape)
    dy, dx = offsets(shape, *rng.uniform(-0.2, 1.2, 2) * shape)
    radius = side * rng.uniform(0.15, 0.8)
    hole = rng.choice([0.0, rng.uniform(0.3, 0.9)]) * radius
    soft = fwhm * rng.uniform(0.5, 3.0)
    distance = np.hypot(dy, dx)
    return between(rng, 0.3, 6) * sigma * (_step((radius - distance) / soft) - _step((hole - distance) / soft))


def gradient(shape: tuple[int, int], rng: np.random.Generator, sigma: float, fwhm: float) -> Floats:
    """Draw twilight or moonlight: a slope of 0.05 to 10 sigma from the middle to the edge, more or less bent."""
    del fwhm
    along, across = _line(shape, rng)
    u = along / (max(shape) / 2)
    v = across / (max(shape) / 2)
    bent = u + rng.uniform(-0.4, 0.4) * u**2 + rng.uniform(-0.4, 0.4) * v**2
    return np.asarray(between(rng, 0.05, 10) * sigma * (bent - bent.mean()))


def asteroid(shape: tuple[int, int], rng: np.random.Generator, sigma: float, fwhm: float) -> Floats:
    """Draw an asteroid that passes: off the middle, or long enough to be told from the object."""
    y, x = rng.uniform(0.05, 0.95, 2) * shape
    length = fwhm * rng.choice([0.0, rng.uniform(0.5, 8.0)])
    if is_near(shape, y, x, fwhm):
        length = max(length, fwhm * rng.uniform(1.1 * NEAR, 8.0))
    angle = rng.uniform(0, np.pi)
    dy, dx = offsets(shape, y, x)
    along, across = dx * np.cos(angle) + dy * np.sin(angle), dy * np.cos(angle) - dx * np.sin(angle)
    width = fwhm / 2.355
    if length > 0:
        profile = _step((along + length / 2) / width) - _step((along - length / 2) / width)
    else:
        profile = np.exp(-0.5 * (along / width) ** 2)
    return np.asarray(between(rng, 1.5, 60) * sigma * profile * np.exp(-0.5 * (across / width) ** 2))


LIGHT_FAULTS: dict[str, Light] = {"trail": trail, "ghost": ghost, "gradient": gradient, "asteroid": asteroid}


def between(rng: np.random.Generator, low: float, high: float) -> float:
    """Draw a number whose logarithm is uniform."""
    return float(np.exp(rng.uniform(np.log(low), np.log(high))))


def is_near(shape: tuple[int, int], y: float, x: float, fwhm: float) -> bool:
    """Whether a source there would be taken for the object, whose place is the middle within half a pixel."""
    return bool(np.hypot(y - (shape[0] - 1) / 2, x - (shape[1] - 1) / 2) < NEAR * fwhm + 1)


def offsets(shape: tuple[int, int], y: float, x: float) -> tuple[Floats, Floats]:
    """Distances of all pixels from a place, along both axes: a column and a row [px]."""
    rows, columns = shape
    return np.arange(float(rows))[:, None] - float(y), np.arange(float(columns))[None, :] - float(x)


def _line(shape: tuple[int, int], rng: np.random.Generator) -> tuple[Floats, Floats]:
    """Distances along and across a random line through the stamp [px]."""
    angle, offset = rng.uniform(0, np.pi), rng.uniform(-0.45, 0.45) * min(shape)
    dy, dx = offsets(shape, (shape[0] - 1) / 2, (shape[1] - 1) / 2)
    return dx * np.cos(angle) + dy * np.sin(angle), dy * np.cos(angle) - dx * np.sin(angle) - offset


def _step(u: Floats) -> Floats:
    """Return a step from 0 to 1 about u = 0, as soft as one blurred by a Gaussian of unit width."""
    return np.asarray(1 + np.tanh(0.8 * u)) / 2
