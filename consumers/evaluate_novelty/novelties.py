"""What no ordinary night has: rings, lensed arcs, merging galaxies, and artefacts of rare kinds, painted into alerts.

The sky's own novelties stand in the science image and in its reference alike, so that no epoch check takes them out.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from scipy.ndimage import gaussian_filter

from broker.stamp_pair import Stamp
from models.simulate.blemishes import blemish
from models.simulate.morphology import debris, galaxy

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from broker.stamp_pair import StampPair

    Floats = NDArray[np.floating]

#: Artefacts that no simulated night has among its faults.
ARTEFACTS = ("ghost", "spikes", "banding", "doubled")
KINDS = ("ring", "lens", "merger", "artefact")
_SIGMA, _MAD = 2.355, 1.4826


@dataclass(frozen=True, slots=True)
class Prior:
    """How easily novelties are seen.

    Attributes
    ----------
    peaks : tuple of two floats
        Brightness, the science image's noise being 1; uniform in the logarithm.
    least_radius : float
        Of rings and of lenses' arcs [FWHM].
    """

    peaks: tuple[float, float]
    least_radius: float


#: As they come, and such as anybody would see.
ANY, VISIBLE = Prior((5.0, 50.0), 1.5), Prior((20.0, 200.0), 2.0)


def painted(pair: StampPair, kind: str, rng: np.random.Generator, prior: Prior = ANY) -> StampPair:
    """Paint a novelty of a kind into a readable pair."""
    science = pair.science
    assert isinstance(science, Stamp)  # chosen so
    fwhm = seeing_in_pixels(pair)
    if kind == "artefact":
        which = str(rng.choice(ARTEFACTS))
        return replace(pair, science=damaged(science, lambda unit: blemish(unit.astype(np.float64), rng, fwhm, which)))
    recipe = int(rng.integers(2**32))  # both images show the same
    return lit(pair, lambda stamp: _light(kind, stamp, fwhm, recipe, prior))


def seeing_in_pixels(pair: StampPair) -> float:
    """Return the full width at half maximum of a readable pair's science image [px]."""
    assert isinstance(pair.science, Stamp)  # chosen so
    scale = np.sqrt(abs(np.linalg.det(np.reshape(pair.science.geometry.matrix, (2, 2)))))
    return max(pair.seeing * float(scale), 1.5)


def lit(pair: StampPair, light: Callable[[Stamp], Floats]) -> StampPair:
    """Add light, in units of the science image's noise, to both images of a readable pair."""
    assert isinstance(pair.science, Stamp)  # chosen so
    noise = _noise(pair.science)
    science, reference = (
        _with(one, one.cutout.image + (noise * light(one)).reshape(one.cutout.image.shape))
        if isinstance(one, Stamp) else one
        for one in (pair.science, pair.reference)
    )  # fmt: skip
    return replace(pair, science=science, reference=reference)


def damaged(stamp: Stamp, damage: Callable[[Floats], Floats]) -> Stamp:
    """Change an image, which the damage sees in units of its noise and without its level."""
    noise = _noise(stamp)
    unit = stamp.cutout.image / noise
    level = np.nanmedian(unit)
    spoilt = damage((unit - level).reshape(unit.shape[-2:])) + level
    return _with(stamp, (noise * spoilt).reshape(unit.shape))


def _light(kind: str, stamp: Stamp, fwhm: float, recipe: int, prior: Prior) -> Floats:
    rng = np.random.default_rng(recipe)
    rows, columns = stamp.cutout.image.shape[-2:]
    side = max(rows, columns)
    x, y = stamp.geometry.x, stamp.geometry.y
    peak = float(np.exp(rng.uniform(*np.log(prior.peaks))))
    if kind == "merger":
        light = _merger(side, x, y, fwhm, rng)[:rows, :columns]
    else:
        paint = _ring if kind == "ring" else _lens
        light = paint(side, x, y, fwhm, rng, prior.least_radius)[:rows, :columns]
    return np.asarray(peak * light / light.max())


def _polar(side: int, x: float, y: float) -> tuple[Floats, Floats]:
    rows, columns = np.mgrid[:side, :side]
    return np.hypot(columns - x, rows - y), np.arctan2(rows - y, columns - x)


def _ring(side: int, x: float, y: float, fwhm: float, rng: np.random.Generator, least: float) -> Floats:
    r, angle = _polar(side, x, y)
    radius = min(rng.uniform(least, 4.0) * fwhm, 0.4 * side)
    profile = np.exp(-0.5 * ((r - radius) * _SIGMA / fwhm) ** 2)
    return np.asarray(profile * (1.0 + 0.4 * np.cos(angle - rng.uniform(0, 2 * np.pi))))


def _lens(side: int, x: float, y: float, fwhm: float, rng: np.random.Generator, least: float) -> Floats:
    """Paint an arc, its counter-image, and the red galaxy between."""
    r, angle = _polar(side, x, y)
    radius = min(rng.uniform(least, 3.5) * fwhm, 0.38 * side)
    towards = rng.uniform(-np.pi, np.pi)

    def image(at: float, length: float, share: float) -> Floats:
        along = (angle - at + np.pi) % (2 * np.pi) - np.pi
        across = (r - share * radius) * _SIGMA / fwhm
        return np.asarray(np.exp(-0.5 * across**2 - 0.5 * (along / length) ** 2))

    arcs = image(towards, rng.uniform(0.4, 0.9), 1.0) + 0.5 * image(towards + np.pi, 0.3, rng.uniform(0.5, 0.9))
    return np.asarray(arcs + rng.uniform(0.5, 2.0) * np.exp(-r * 1.68 / fwhm))


def _merger(side: int, x: float, y: float, fwhm: float, rng: np.random.Generator) -> Floats:
    """Two nuclei, and the tails and shells that tides draw out of them."""
    radius = min(rng.uniform(0.8, 2.0) * fwhm, 0.15 * side)
    towards, apart = rng.uniform(0, 2 * np.pi), rng.uniform(1.0, 2.5) * radius
    second = galaxy(side, x + apart * np.cos(towards), y + apart * np.sin(towards), 0.7 * radius, rng)
    light = galaxy(side, x, y, radius, rng) + rng.uniform(0.2, 1.0) * second
    light = light + rng.uniform(0.4, 1.0) * debris(side, x, y, 1.5 * radius, rng)
    return np.asarray(gaussian_filter(light, fwhm / _SIGMA))


def _noise(stamp: Stamp) -> float:
    known = stamp.cutout.image[np.isfinite(stamp.cutout.image)]
    differences = np.diff(known)
    return max(float(_MAD / np.sqrt(2.0) * np.median(np.abs(differences))), 1e-12)


def _with(stamp: Stamp, image: Floats) -> Stamp:
    return Stamp(replace(stamp.cutout, image=image.astype(np.float32)), stamp.geometry)
