"""Structure that means nothing: random light and random damage, by which to learn what strangeness looks like.

Of no kind that the sky or a detector has a name for: what is learnt from it shall find what nobody has named yet.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.ndimage import gaussian_filter, gaussian_filter1d, map_coordinates

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from models.simulate.sky import Floats

#: Peaks of the light [sigma of the sky].
PEAKS = 5.0, 100.0
_SIGMA = 2.355


def odd_light(side: int, x: float, y: float, fwhm: float, rng: np.random.Generator) -> Floats:
    """Paint light around a place: a patch of a random field, random curves, or a blob of random outline.

    Parameters
    ----------
    side : int
        Of the image [px].
    x, y : float
        The place [px].
    fwhm : float
        Seeing [px].
    rng : Generator

    Returns
    -------
    array (side, side)
        In units of the sky's noise.
    """
    paint = (_cloud, _curves, _blob)[int(rng.integers(3))]
    light = paint(side, x, y, fwhm, rng)
    return np.asarray(_between(rng, *PEAKS) * light / max(light.max(), 1e-9))


def odd_damage(image: NDArray[np.floating], rng: np.random.Generator) -> Floats:
    """Spoil an image (rows, columns) in units of its noise: a piece displaced or altered, rows sheared, all warped."""
    return (_displaced, _altered, _sheared, _warped)[int(rng.integers(4))](image.astype(np.float64), rng)


def _between(rng: np.random.Generator, low: float, high: float) -> float:
    return float(np.exp(rng.uniform(np.log(low), np.log(high))))


def _cloud(side: int, x: float, y: float, fwhm: float, rng: np.random.Generator) -> Floats:
    field = gaussian_filter(rng.standard_normal((side, side)), fwhm / _SIGMA * _between(rng, 1.0, 5.0))
    rows, columns = np.mgrid[:side, :side]
    window = np.exp(-0.5 * (np.hypot(columns - x, rows - y) / (fwhm * _between(rng, 1.5, 8.0))) ** 2)
    return np.asarray(np.maximum(field / field.std() - rng.uniform(-0.5, 1.0), 0.0) * window)


def _curves(side: int, x: float, y: float, fwhm: float, rng: np.random.Generator) -> Floats:
    light, spread = np.zeros((side, side)), fwhm * _between(rng, 1.5, 6.0)
    steps = np.linspace(0.0, 1.0, 200)[:, None]
    for _ in range(int(rng.integers(1, 5))):
        start, bend, end = np.array([y, x]) + rng.normal(0.0, spread, (3, 2))
        path = np.rint((1 - steps) ** 2 * start + 2 * steps * (1 - steps) * bend + steps**2 * end).astype(int)
        inside = ((path >= 0) & (path < side)).all(axis=1)
        fading = rng.uniform(0.3, 1.0) * np.linspace(1.0, rng.uniform(0.1, 1.0), len(steps))
        np.add.at(light, (path[inside, 0], path[inside, 1]), fading[inside])
    return np.asarray(gaussian_filter(light, fwhm / _SIGMA * rng.uniform(1.0, 2.0)))


def _blob(side: int, x: float, y: float, fwhm: float, rng: np.random.Generator) -> Floats:
    rows, columns = np.mgrid[:side, :side]
    r, angle = np.hypot(columns - x, rows - y), np.arctan2(rows - y, columns - x)
    outline = np.ones_like(r)
    for wave in range(2, int(rng.integers(4, 8))):
        outline += rng.normal(0.0, 0.6 / wave) * np.cos(wave * angle + rng.uniform(0, 2 * np.pi))
    return np.asarray(gaussian_filter((r < fwhm * _between(rng, 1.2, 5.0) * outline).astype(float), fwhm / _SIGMA))


def _piece(image: Floats, rng: np.random.Generator) -> tuple[slice, slice]:
    shape = [int(rng.integers(side // 6, side // 2)) for side in image.shape]
    first = [int(rng.integers(0, side - length)) for side, length in zip(image.shape, shape, strict=True)]
    return slice(first[0], first[0] + shape[0]), slice(first[1], first[1] + shape[1])


def _displaced(image: Floats, rng: np.random.Generator) -> Floats:
    piece = image[_piece(image, rng)].copy()
    row, column = (int(rng.integers(0, side - own)) for side, own in zip(image.shape, piece.shape, strict=True))
    image[row : row + len(piece), column : column + piece.shape[1]] = piece if rng.random() < 0.5 else piece[::-1, ::-1]
    return image


def _altered(image: Floats, rng: np.random.Generator) -> Floats:
    piece = _piece(image, rng)
    image[piece] = image[piece] * rng.choice([-1.0, 0.0, 0.3]) + rng.choice([-1.0, 1.0]) * _between(rng, 1.0, 30.0)
    return image


def _sheared(image: Floats, rng: np.random.Generator) -> Floats:
    walk = gaussian_filter1d(np.cumsum(rng.normal(0.0, 0.5, len(image))), 2.0) * rng.uniform(0.5, 2.0)
    return np.stack([np.roll(row, round(float(by))) for row, by in zip(image, walk, strict=True)])


def _warped(image: Floats, rng: np.random.Generator) -> Floats:
    fields = [gaussian_filter(rng.standard_normal(image.shape), len(image) / 10) for _ in range(2)]
    by = rng.uniform(2.0, 6.0)
    places = [grid + by * field / field.std() for grid, field in zip(np.mgrid[: len(image), : image.shape[1]], fields,
                                                                     strict=True)]  # fmt: skip
    return np.asarray(map_coordinates(image, places, order=1, mode="nearest"))
