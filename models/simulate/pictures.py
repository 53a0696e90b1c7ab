"""Pictures of galaxies as catalogues show them: in colour or grey, often stretched to eight bits; ordinary and odd."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.ndimage import gaussian_filter

from models.simulate.morphology import galaxy
from models.simulate.oddities import odd_damage, odd_light

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

SIDE = 64
_SIGMA, _MIDDLE = 2.355, (SIDE - 1) / 2
#: Shares of grey pictures, of those that are stretched to eight bits, and of odd ones that have light added.
_GREY, _STRETCHED, _LIT = 0.2, 0.8, 0.8


def draw_picture(rng: np.random.Generator, *, odd: bool) -> NDArray[np.float32]:
    """Draw a galaxy that fills the picture.

    Parameters
    ----------
    rng : Generator
    odd : bool
        With random light in or beside the galaxy, or random damage (`models.simulate.oddities`).

    Returns
    -------
    float32 array (bands, SIDE, SIDE)
        One band or three.
    """
    bands = 1 if rng.random() < _GREY else 3
    radius, fwhm = float(np.exp(rng.uniform(np.log(4), np.log(11)))), rng.uniform(1.5, 4.0)
    x, y = _MIDDLE + rng.normal(0, 0.5, 2)
    host = 10 ** rng.uniform(3.5, 5.2) * galaxy(SIDE, x, y, radius, rng)
    light = _tinted(host, bands, rng) + _tinted(_others(rng), bands, rng)
    lit = odd and rng.random() < _LIT
    if lit:
        beside, above = (_MIDDLE + rng.normal(0, radius, 2)).tolist()
        added = odd_light(SIDE, beside, above, fwhm * rng.uniform(1, 2), rng)
        brightest = np.quantile(gaussian_filter(host, fwhm / _SIGMA), 0.99)
        peak = brightest * np.exp(rng.uniform(np.log(0.1), np.log(2)))
        light = light + _tinted(peak * added / max(added.max(), 1e-6), bands, rng)
    picture = _taken(light, fwhm, rng)
    if odd and not lit:
        noise = float(np.median(np.abs(np.diff(picture)))) + 1.0
        seed = int(rng.integers(2**32))  # all bands are spoilt alike
        picture = noise * np.stack([odd_damage(one / noise, np.random.default_rng(seed)) for one in picture])
    return np.asarray(picture, np.float32)


def _others(rng: np.random.Generator) -> Floats:
    """Stars, and now and then a small galaxy."""
    light = np.zeros((SIDE, SIDE))
    for _ in range(int(rng.poisson(2.0))):
        light[tuple(rng.integers(0, SIDE, 2))] += 10 ** rng.uniform(1.5, 4.0)
    for _ in range(int(rng.poisson(0.5))):
        x, y = rng.uniform(0, SIDE, 2)
        light += 10 ** rng.uniform(2.5, 4.0) * galaxy(SIDE, x, y, rng.uniform(1.0, 3.0), rng)
    return light


def _tinted(light: Floats, bands: int, rng: np.random.Generator) -> Floats:
    return np.asarray(np.exp(rng.normal(0.0, 0.25, bands))[:, None, None] * light)


def _taken(light: Floats, fwhm: float, rng: np.random.Generator) -> Floats:
    """Add seeing and noise, and mostly the stretch and the eight bits of picture files."""
    seen = np.stack([gaussian_filter(one, fwhm / _SIGMA) for one in light])
    seen += rng.normal(size=seen.shape) * np.sqrt(1.0 + 0.02 * np.maximum(seen, 0.0))
    if rng.random() > _STRETCHED:
        return seen
    soft, white = rng.uniform(1.0, 8.0), np.quantile(seen, 0.9995)
    raised = np.maximum(seen + rng.uniform(0.0, 3.0), 0.0)
    return np.asarray(np.rint(np.clip(255.0 * np.arcsinh(raised / soft) / np.arcsinh(white / soft), 0.0, 255.0)))
