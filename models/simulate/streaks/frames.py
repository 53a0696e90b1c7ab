"""Whole images with asteroids in them, as Euclid's VIS takes them: stars, galaxies, what is left of cosmic rays."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from models.simulate.profiles import EUCLID
from models.simulate.streaks.impostors import KINDS, log_uniform
from models.simulate.streaks.population import TEST
from models.simulate.streaks.sources import galaxy, star
from models.simulate.streaks.trail import Image, Segment, modulation, trail

SIDE = 512
"""Of a frame [px]; 51 arcsec, 0.7 square arcmin."""

BAND = "VIS"
STREAKS = 6
"""In a frame: far more than the sky has, so that few frames tell much."""

#: Ranges of the trails' magnitudes and lengths [px].
MAGNITUDES, LENGTHS = (20.5, 26.0), (3.0, 120.0)

_SEED = 80_001
#: Galaxies a square arcmin brighter than 25.5, of which there are 10^0.3 times as many a magnitude, and stars.
_GALAXIES, _STARS, _FAINTEST = 45.0, 8.0, 25.5
#: Cosmic rays that the flagging missed, in groups of one to four: of some 500 that hit so small a part in 566 s.
_RAYS = 12
_HALF = 40
_FARTHEST_TRY = 1000


@dataclass(frozen=True, slots=True)
class TrueStreak:
    """An asteroid's trail in a frame, and its magnitude."""

    segment: Segment
    magnitude: float


@dataclass(frozen=True, slots=True, eq=False)
class Frame:
    """An image in units of a pixel's noise, the FWHM of its PSF [px], and the asteroids in it."""

    image: Image
    fwhm: float
    streaks: tuple[TrueStreak, ...]


def draw_frame(number: int) -> Frame:
    """Draw one frame of the frozen test; the same number gives the same frame."""
    rng = np.random.default_rng([_SEED, number])
    low, _, high = EUCLID.fwhm_pixels
    fwhm = log_uniform(rng, (low, high))
    image = rng.standard_normal((SIDE, SIDE), dtype=np.float32)
    area = (SIDE * EUCLID.pixel_scale / 60.0) ** 2
    for _ in range(rng.poisson(_GALAXIES * area)):
        magnitude = max(_FAINTEST + math.log10(1.0 - rng.random()) / 0.3, 17.0)
        # Brighter galaxies are larger: half-light radii of 0.3 arcsec at 24.5, a factor of ten in 7 mag.
        length = 0.18 * 10 ** (0.14 * (24.5 - magnitude)) / EUCLID.pixel_scale * 10 ** rng.normal(0, 0.2)
        ratio, angle = rng.uniform(0.1, 1.0), rng.uniform(0, math.pi)
        _add(image, rng, magnitude, lambda shape, x, y, a=(length, ratio, angle): galaxy(shape, x, y, fwhm, *a))
    for _ in range(rng.poisson(_STARS * area)):
        magnitude = rng.uniform(18.0, _FAINTEST)
        _add(image, rng, magnitude, lambda shape, x, y: star(shape, x, y, fwhm, 0.15, 2.5))
    for _ in range(rng.poisson(_RAYS)):
        x, y = rng.integers(0, SIDE - 2 * _HALF, 2)
        ray = KINDS["cosmic ray"][0](rng, (2 * _HALF, 2 * _HALF), fwhm, TEST)
        image[y : y + 2 * _HALF, x : x + 2 * _HALF] += np.float32(log_uniform(rng, (5.0, 300.0))) * ray
    streaks: list[TrueStreak] = []
    while len(streaks) < STREAKS:
        one = TrueStreak(_apart(rng, streaks), rng.uniform(*MAGNITUDES))
        flux = EUCLID.flux_in_sigma(one.magnitude, BAND)
        shape = (SIDE, SIDE)
        image += np.float32(flux) * trail(shape, one.segment, fwhm, modulation(rng, 0.3), (0.15, 2.5))
        streaks.append(one)
    return Frame(image, fwhm, tuple(streaks))


def _add(image: Image, rng: np.random.Generator, magnitude: float, paint: object) -> None:
    """Paint a source on the part of a frame round its place."""
    assert callable(paint)
    x, y = rng.uniform(0, SIDE, 2)
    left, top = (int(np.clip(round(one) - _HALF, 0, SIDE - 2 * _HALF)) for one in (x, y))
    part = image[top : top + 2 * _HALF, left : left + 2 * _HALF]
    part += np.float32(EUCLID.flux_in_sigma(magnitude, BAND)) * paint(part.shape, x - left, y - top)


def _apart(rng: np.random.Generator, others: list[TrueStreak]) -> Segment:
    """Draw a trail whole inside the frame, and away from the others: none may be found in another's place."""
    for _ in range(_FARTHEST_TRY):
        length = log_uniform(rng, LENGTHS)
        segment = Segment.around(rng.uniform(0, SIDE), rng.uniform(0, SIDE), length, rng.uniform(0, math.pi))
        middle = np.add(segment.ends[:2], segment.ends[2:]) / 2
        distances = [
            math.dist(middle, np.add(one.segment.ends[:2], one.segment.ends[2:]) / 2)
            - (length + one.segment.length) / 2
            for one in others
        ]
        inside = segment.within(SIDE, SIDE, 8.0)
        if inside is not None and inside.length > length - 1e-9 and min(distances, default=99.0) > 20.0:
            return segment
    raise AssertionError(f"no room for {len(others) + 1} trails in {SIDE} px")
