"""Pictures of galaxies as catalogues show them, ordinary and odd: in colour, stretched to eight bits, mostly JPEG.

A survey has one depth, one stretch and one size of its pictures; its galaxies, what tears at them, and what lies around
them are those of `models.simulate.mergers`.
"""

from __future__ import annotations

import io
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import TYPE_CHECKING

import numpy as np

from models.simulate.mergers.population import TRAINING
from models.simulate.mergers.render import SIDE
from models.simulate.mergers.stamps import MERGER, draw_stamps
from models.simulate.oddities import odd_damage

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from models.simulate.mergers.population import Population

    Floats = NDArray[np.floating]

NORMAL, RING, DAMAGE = "normal", "ring", "damage"
_GALAXIES = {"disc": 0.25, "regular spiral": 0.3, "painted galaxy": 0.2, "spheroid": 0.25}
#: What is drawn for each kind where there is no encounter, as shares of `mergers.impostors.KINDS`.
KINDS: Mapping[str, Mapping[str, float]] = MappingProxyType(
    {
        NORMAL: _GALAXIES,
        MERGER: _GALAXIES,
        "irregular": {"irregular": 1.0},
        "overlapping": {"chance pair": 1.0},
        "star": {"star": 0.5, "star field": 0.5},
        RING: _GALAXIES,
        DAMAGE: _GALAXIES,
    }
)


@dataclass(frozen=True, slots=True)
class _Look:
    """How a survey makes its pictures.

    Attributes
    ----------
    width : float
        Of a picture in half-light radii.
    side : int
        Enlarged to [px].
    strength, black : float
        Of the asinh stretch; in units of the noise.
    white : float or None
        The same for all pictures, in units of the noise; None: each one's brightest.
    quality : int or None
        Of the JPEG; None: it is none.
    """

    width: float
    side: int
    strength: float
    black: float
    white: float | None
    quality: int | None


def draw_survey(
    seed: int, number: int, normal: int = 100, odd: int = 20
) -> tuple[list[NDArray[np.float32]], NDArray[np.str_]]:
    """Draw one survey's pictures.

    Parameters
    ----------
    seed, number : int
        The same ones draw the same survey.
    normal, odd : int
        Pictures of ordinary galaxies, and of each odd kind.

    Returns
    -------
    list of float32 arrays (3, side, side)
        Whole numbers from 0 to 255.
    str array (n,)
        Keys of `KINDS`.
    """
    rng = np.random.default_rng([seed, number])
    population = _population(rng)
    look = _Look(
        width=rng.uniform(5.5, 9.0),
        side=int(rng.choice([96, 128, 212])),
        strength=float(np.exp(rng.uniform(1.0, 5.0))),
        black=rng.uniform(-2.0, 1.0),
        white=float(np.exp(rng.uniform(3.5, 6.0))) if rng.random() < 0.6 else None,
        quality=int(rng.integers(75, 96)) if rng.random() < 0.7 else None,
    )
    pictures, kinds = [], []
    for kind, shares in KINDS.items():
        count = normal if kind == NORMAL else odd
        one = replace(population, seed=int(rng.integers(2**31)), impostors=shares)
        drawn = draw_stamps(one, count, mergers=float(kind == MERGER))
        for image, half_light, fwhm in zip(drawn.noisy(rng), drawn.half_light, drawn.fwhm, strict=True):
            changed = image
            if kind == RING:
                changed = image + np.quantile(image, 0.99) * _ring(rng, float(half_light), float(fwhm))
            elif kind == DAMAGE:
                changed = odd_damage(image, rng)
            pictures.append(_shown(rng, changed, float(half_light), look))
            kinds.append(kind)
    return pictures, np.array(kinds)


def _population(rng: np.random.Generator) -> Population:
    brightness, depth = rng.uniform(20.5, 22.5), rng.uniform(26.0, 28.0)
    return replace(
        TRAINING, surface_brightness=(brightness - 0.7, brightness + 0.7), limit=(depth - 0.2, depth + 0.2),
        size=(5.0, 13.0), stars=rng.uniform(1.0, 4.0), neighbours=rng.uniform(1.0, 4.0), crowded=0.1, glare=0.04,
    )  # fmt: skip


def _ring(rng: np.random.Generator, half_light: float, fwhm: float) -> Floats:
    """Paint a ring around the middle, seen from any side."""
    from scipy.ndimage import gaussian_filter

    rows, columns = np.indices((SIDE, SIDE)) - (SIDE - 1) / 2
    angle, ratio = rng.uniform(0, np.pi), rng.uniform(0.3, 1.0)
    along, across = columns * np.cos(angle) + rows * np.sin(angle), rows * np.cos(angle) - columns * np.sin(angle)
    radius = np.hypot(along, across / ratio) / half_light
    light = np.exp(-0.5 * ((radius - rng.uniform(1.2, 2.5)) / rng.uniform(0.08, 0.25)) ** 2)
    return np.asarray(rng.uniform(0.2, 1.0) * gaussian_filter(light, fwhm / 2.355))


def _shown(rng: np.random.Generator, image: Floats, half_light: float, look: _Look) -> NDArray[np.float32]:
    """Cut the galaxy out, tint it, stretch it to eight bits, enlarge it."""
    from PIL import Image

    cut = int(np.clip(look.width * half_light * np.exp(rng.normal(0.0, 0.15)), 32, SIDE))
    start = (SIDE - cut) // 2
    light = image[start : start + cut, start : start + cut, None] * np.exp(rng.normal(0.0, 0.2, 3))
    white = float(np.quantile(light, 0.9995)) if look.white is None else look.white
    shown = np.clip((light - look.black) / max(white - look.black, 5.0), 0.0, 1.0)
    shown = np.arcsinh(look.strength * shown) / np.arcsinh(look.strength)
    picture = Image.fromarray(np.rint(255.0 * shown).astype(np.uint8))
    picture = picture.resize((look.side, look.side), Image.Resampling.BICUBIC)
    if look.quality is not None:
        stream = io.BytesIO()
        picture.save(stream, "JPEG", quality=look.quality)
        picture = Image.open(stream).convert("RGB")
    return np.ascontiguousarray(np.moveaxis(np.asarray(picture, np.float32), -1, 0))
