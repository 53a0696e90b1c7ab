"""How bright each star of a disc is: an exponential disc with arms, a bar, a ring, knots, and one side brighter."""

from __future__ import annotations

import math

import numpy as np

from models.simulate.mergers.population import Population
from models.simulate.mergers.three_body import OUTERMOST, Singles

#: Rings and particles of each, finer than those that were followed.
RINGS, SPOKES = 96, 160


def fine_ring() -> Singles:
    """Radii of the rings [outer radii] (RINGS,)."""
    return np.asarray((np.arange(RINGS) + 0.5) * (OUTERMOST / RINGS), np.float32)


def fine_spoke() -> Singles:
    """Angles of the particles of a ring (SPOKES,)."""
    return np.asarray(np.arange(SPOKES) * (2.0 * np.pi / SPOKES), np.float32)


def disc_light(
    rng: np.random.Generator, population: Population, length: float, angle: Singles, *, irregular: bool = False
) -> Singles:
    """Draw the light of a disc's particles, of sum 1.

    Parameters
    ----------
    rng : Generator
    population : Population
    length : float
        Scale length [outer radii].
    angle : array (RINGS, SPOKES)
        Where the particles are in their disc's plane, or would be had nothing disturbed them.
    irregular : bool
        Knots and one brighter side outweigh the rest.

    Returns
    -------
    array (RINGS, SPOKES)
    """
    radius = fine_ring()[:, None]
    light = radius * np.exp(-radius / length) / (1.0 + np.exp((radius - 1.0) / 0.05))  # a disc ends softly
    x, y = radius * np.cos(angle), radius * np.sin(angle)
    factor = np.ones_like(angle)
    if rng.random() < (0.2 if irregular else 0.6):
        factor *= _arms(rng, population, radius, angle)
    if rng.random() < (0.3 if irregular else 0.25):
        along, across = _turned(x, y, rng.uniform(0, np.pi))
        reach = length * rng.uniform(0.5, 1.8)
        bar = np.hypot(along, across / rng.uniform(0.2, 0.45)) / reach
        factor += rng.uniform(1.0, 5.0) * np.exp(-(bar**2))
    if rng.random() < 0.12:
        width = rng.uniform(0.1, 0.4) * length
        factor += rng.uniform(1.0, 8.0) * np.exp(-0.5 * ((radius - length * rng.uniform(1.0, 2.5)) / width) ** 2)
    if rng.random() < 0.5:
        factor *= np.exp(rng.uniform(0.1, 0.8) * _patches(rng, radius, angle))
    knots = rng.poisson(population.clumps * (3.0 if irregular else 1.0))
    for _ in range(knots if irregular or rng.random() < 0.5 else 0):
        u, v, size = rng.normal(0.0, 1.3 * length), rng.normal(0.0, 1.3 * length), length * rng.uniform(0.06, 0.35)
        factor += rng.uniform(0.5, 6.0) * np.exp(-0.5 * ((x - u) ** 2 + (y - v) ** 2) / size**2)
    side = population.lopsided * (2.0 if irregular else rng.random())
    factor *= 1.0 + min(side, 0.9) * np.cos(angle - rng.uniform(0, 2 * np.pi)) * np.minimum(radius / (2 * length), 1.0)
    light = light * factor
    return np.asarray(light / light.sum())


def _arms(rng: np.random.Generator, population: Population, radius: Singles, angle: Singles) -> Singles:
    """Logarithmic spirals, of unequal strength now and then."""
    number = int(rng.choice([1, 2, 2, 2, 2, 3, 4]))
    pitch = math.tan(math.radians(rng.uniform(*population.arms))) * (-1.0 if rng.random() < 0.5 else 1.0)
    wound = angle - np.log(radius) / pitch + rng.uniform(0, 2 * np.pi)
    crest = np.clip(np.cos(number * wound), 0.0, 1.0) ** rng.uniform(1.0, 4.0)
    uneven = 1.0 + rng.uniform(0.0, 0.6) * np.cos(wound)
    return np.asarray(1.0 + rng.uniform(0.2, population.contrast) * crest * uneven * (radius > 0.1))


def _patches(rng: np.random.Generator, radius: Singles, angle: Singles) -> Singles:
    """Flocculent structure: a few random waves along sheared spirals, of deviation about 1."""
    total = np.zeros_like(angle)
    for _ in range(6):
        number, wind = int(rng.integers(1, 9)), rng.uniform(2.0, 12.0) * (-1.0 if rng.random() < 0.5 else 1.0)
        total += np.cos(number * angle + wind * np.log(radius) + rng.uniform(0, 2 * np.pi))
    return total / math.sqrt(3.0)


def _turned(x: Singles, y: Singles, angle: float) -> tuple[Singles, Singles]:
    c, s = math.cos(angle), math.sin(angle)
    return x * c + y * s, y * c - x * s
