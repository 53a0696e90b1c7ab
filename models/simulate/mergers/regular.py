"""Paints regular spirals as deep images show them: arms and rings far out, where a shallow image has only sky."""

from __future__ import annotations

import math

import numpy as np

from models.simulate.mergers.render import square
from models.simulate.mergers.three_body import Floats

#: Exponent of a disc whose half-light radius is 1, in place of its scale length.
_FALL = 1.678


def regular_spiral(rng: np.random.Generator, x: float, y: float, half_light: float) -> Floats:
    """Paint one of unit flux, nearly the same when turned by half a circle.

    Parameters
    ----------
    rng : Generator
        Draws everything else.
    x, y : float
        Centre [px], from the middle of the stamp.
    half_light : float
        Of the disc, about [px].

    Returns
    -------
    array (side, side)
        For `Scene.add_image`.
    """
    side, middle = square()
    rows, columns = np.mgrid[:side, :side]
    turn, ratio = rng.uniform(0, np.pi), max(math.sqrt(rng.random()), 0.12)  # discs seen from above show their arms
    along, across = _axes(columns - middle - x, rows - middle - y, turn)
    u, v = along / half_light, across / (ratio * half_light)
    r, theta = np.hypot(u, v) + 1e-3, np.arctan2(v, u)
    disc = _disc(rng, r) * _arms(rng, r, theta) * (1.0 + _bar(rng, u, v))
    if rng.random() < 0.5:
        disc = disc * np.exp(rng.uniform(0.1, 0.6) * _flocculence(rng, r, theta))
    if rng.random() < 0.4:
        disc = disc + _knots(rng, along, across, half_light, disc)
    disc = disc / disc.sum() + _rings(rng, disc, along / half_light, across / half_light, ratio)
    bulge = np.exp(-7.67 * ((np.hypot(along, across / max(ratio, 0.6)) / (half_light * rng.uniform(0.1, 0.5))) ** 0.3))
    share = rng.choice([0.0, rng.uniform(0.02, 0.5)], p=[0.15, 0.85])
    return np.asarray((1.0 - share) * disc / disc.sum() + share * bulge / bulge.sum())


def _axes(x: Floats, y: Floats, angle: float) -> tuple[Floats, Floats]:
    c, s = math.cos(angle), math.sin(angle)
    return x * c + y * s, y * c - x * s


def _disc(rng: np.random.Generator, r: Floats) -> Floats:
    """Let an exponential go on, bend down or bend up (Pohlen & Trujillo 2006), and end somewhere."""
    bend = rng.uniform(1.2, 3.0)
    beyond = _FALL * rng.choice([1.0, rng.uniform(1.2, 2.2), rng.uniform(0.4, 0.8)])
    end = rng.uniform(2.5, 6.0)
    light = np.exp(-_FALL * np.minimum(r, bend) - beyond * np.maximum(r - bend, 0.0))
    return np.asarray(light / (1.0 + np.exp(np.clip((r - end) / 0.15, -50.0, 50.0))))


def _arms(rng: np.random.Generator, r: Floats, theta: Floats) -> Floats:
    """Logarithmic spirals, as far as the disc or shorter; often stronger further out."""
    number = int(rng.choice([2, 2, 2, 2, 3, 4]))
    pitch = math.tan(math.radians(rng.uniform(8.0, 35.0))) * (-1.0 if rng.random() < 0.5 else 1.0)
    wound = theta - np.log(r) / pitch + rng.uniform(0, 2 * np.pi)
    strength = rng.uniform(0.0, 3.0) * np.minimum(r, 4.0) ** rng.uniform(0.0, 1.5)
    reach = np.where(rng.random() < 0.6, 10.0, rng.uniform(1.0, 3.0))
    strength = strength * (r > rng.uniform(0.15, 0.6)) * (r < reach * (1.0 + 0.15 * np.cos(wound)))
    uneven = 1.0 + rng.uniform(0.0, 0.35) * np.cos(wound)
    lane = 1.0 - rng.choice([0.0, rng.uniform(0.2, 0.8)]) * np.clip(np.cos(number * wound + 1.0), 0.0, 1.0) ** 6
    return np.asarray((1.0 + strength * uneven * np.clip(np.cos(number * wound), 0.0, 1.0) ** rng.uniform(1, 4)) * lane)


def _bar(rng: np.random.Generator, u: Floats, v: Floats) -> Floats:
    if rng.random() < 0.6:
        return np.zeros_like(u)
    along, across = _axes(u, v, rng.uniform(0, np.pi))
    radius = np.hypot(along, across / rng.uniform(0.2, 0.45)) / rng.uniform(0.3, 1.0)
    return np.asarray(rng.uniform(0.5, 4.0) * np.exp(-(radius**4)))


def _flocculence(rng: np.random.Generator, r: Floats, theta: Floats) -> Floats:
    """Add up a few random waves along sheared spirals, of deviation about 1."""
    total = np.zeros_like(r)
    for _ in range(6):
        number, wind = int(rng.integers(2, 10)), rng.uniform(3.0, 14.0) * (-1.0 if rng.random() < 0.3 else 1.0)
        total += np.cos(number * theta + wind * np.log(r + 0.1) + rng.uniform(0, 2 * np.pi))
    return total / math.sqrt(3.0)


def _knots(rng: np.random.Generator, along: Floats, across: Floats, half_light: float, disc: Floats) -> Floats:
    """Star-forming regions, mostly where the disc is bright."""
    total = np.zeros_like(disc)
    for _ in range(int(rng.integers(3, 15))):
        u, v = rng.normal(0.0, 0.9 * half_light, 2)
        size = max(0.7, half_light * rng.uniform(0.03, 0.12))
        total += rng.uniform(0.3, 4.0) * np.exp(-0.5 * ((along - u) ** 2 + (across - v) ** 2) / size**2)
    return disc * total


def _rings(rng: np.random.Generator, disc: Floats, u: Floats, v: Floats, ratio: float) -> Floats:
    """Paint an inner or an outer ring now and then, of its own axis, with some of the disc's light."""
    total = np.zeros_like(disc)
    for low, high, often in ((0.5, 1.3, 0.2), (1.4, 3.2, 0.3)):
        if rng.random() < often:
            along, across = _axes(u, v, rng.normal(0.0, 0.2))
            radius = np.hypot(along, across / min(ratio * rng.uniform(0.85, 1.15), 1.0))
            ring = np.exp(-0.5 * ((radius - rng.uniform(low, high)) / rng.uniform(0.06, 0.3)) ** 2)
            total += rng.uniform(0.02, 0.25) * ring / ring.sum()
    return total
