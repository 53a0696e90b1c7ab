"""Many distinct stamps at once: ZTF-like alerts of stars, galaxies and nothing, painted cell by cell in one array.

`models.simulate.night` draws a stamp in milliseconds; a million take half an hour here. Each cell has a sky, a seeing,
a host with arms and a ring of its own, and its own noise.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy import fft

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float32]
    Column = NDArray[np.number]

SIDE, SCALE = 63, 1.01
#: Painted around a stamp, so that what wraps round the Fourier grid stays outside it [px].
MARGIN = 9
#: Stamps of one draw.
CELLS = 512
_PAINTED = SIDE + MARGIN
_MOST_STARS, _NEIGHBOURS = 60, 2


def draw(seed: int, number: int) -> Floats:
    """Draw stamps (CELLS, 63, 63) in units of the sky's noise; a seed and a number give the same ones always."""
    rng = np.random.default_rng([seed, number])
    light = _stars(rng)
    for which in range(1 + _NEIGHBOURS):
        light += _shown(_galaxies(rng, central=which == 0), central=which == 0)
    seen = _through_the_air(light, rng)[:, MARGIN // 2 :, MARGIN // 2 :][:, :SIDE, :SIDE]
    noise = rng.standard_normal(seen.shape, np.float32)
    gain = (10 ** rng.uniform(-3.0, -0.5, (CELLS, 1, 1))).astype(np.float32)
    return np.asarray(seen + noise * np.sqrt(1.0 + gain * np.maximum(seen, 0.0)), np.float32)


def ordinary(seed: int, number: int) -> NDArray[np.bool_]:
    """Tell which stamps of a draw pass for ordinary ones (CELLS,).

    Not galaxies with a ring, which is a kind of novelty, and not those whose arms are so strong that the light between
    them is below zero: no sky shows that.
    """
    rng = np.random.default_rng([seed, number])
    _stars(rng)
    central = _galaxies(rng, central=True)
    return np.asarray((central.flux == 0) | (central.ring == 0) & (central.contrast <= 1))


def _column(values: NDArray[np.number]) -> Floats:
    return values.astype(np.float32).reshape(CELLS, 1, 1)


def _stars(rng: np.random.Generator) -> Floats:
    """Field stars, as crowded as the cell lies near the Milky Way, and in most cells a variable one in the middle."""
    light = np.zeros((CELLS, _PAINTED, _PAINTED), np.float32)
    counts = np.minimum(rng.poisson(10 ** rng.uniform(-0.7, 1.5, CELLS)), _MOST_STARS)
    cells = np.repeat(np.arange(CELLS), counts)
    x, y = rng.uniform(1, _PAINTED - 2, (2, len(cells)))
    flux = np.minimum(15.0 * rng.uniform(1e-4, 1.0, len(cells)) ** (-1 / 0.9), 3e5)
    centre = rng.random(CELLS) < 0.75
    middle = (_PAINTED - 1) / 2 + rng.normal(0, 0.15, (2, int(centre.sum())))
    x, y = np.concatenate([x, middle[0]]), np.concatenate([y, middle[1]])
    flux = np.concatenate([flux, 10 ** rng.uniform(1.7, 4.5, int(centre.sum()))])
    cells = np.concatenate([cells, np.flatnonzero(centre)])
    column, row = np.floor(x).astype(int), np.floor(y).astype(int)
    right, down = x - column, y - row
    for dx, dy, share in ((0, 0, (1 - right) * (1 - down)), (1, 0, right * (1 - down)), (0, 1, (1 - right) * down),
                          (1, 1, right * down)):  # fmt: skip
        np.add.at(light, (cells, row + dy, column + dx), (share * flux).astype(np.float32))
    return light


@dataclass(frozen=True, slots=True, eq=False)
class _Galaxies:
    """One galaxy a cell: a disc with arms and at times a ring, and a bulge; arrays (CELLS,), without flux for none."""

    flux: Column
    radius: Column
    x: Column
    y: Column
    angle: Column
    ratio: Column
    winding: Column
    arms: Column
    phase: Column
    contrast: Column
    ring_radius: Column
    ring_width: Column
    ring: Column
    bulge: Column
    bulge_share: Column


def _galaxies(rng: np.random.Generator, *, central: bool) -> _Galaxies:
    flux = np.where(rng.random(CELLS) < (0.55 if central else 0.4), 10 ** rng.uniform(1.8, 4.3, CELLS), 0.0)
    radius = np.exp(rng.normal(np.log(3.0 if central else 2.0), 0.5, CELLS))
    spread = 0.7 * radius if central else np.full(CELLS, 0.3 * _PAINTED)
    x, y = ((_PAINTED - 1) / 2 + rng.normal(0, 1, CELLS) * spread for _ in range(2))
    angle, ratio = rng.uniform(0, np.pi, CELLS), rng.uniform(0.15, 1.0, CELLS)
    winding, arms, phase, contrast, ring_radius, ring_width, ring = np.zeros((7, CELLS))
    if central:  # of the neighbours the structure would hardly show
        winding, arms = rng.uniform(-5, 5, CELLS), rng.integers(1, 4, CELLS).astype(float)
        phase = rng.uniform(0, 2 * np.pi, CELLS)
        contrast = rng.uniform(0, 1.5, CELLS) * (rng.random(CELLS) < 0.6)
        ring_radius, ring_width = rng.uniform(0.8, 2.0, CELLS), rng.uniform(0.1, 0.3, CELLS)
        ring = rng.uniform(0, 0.6, CELLS) * (rng.random(CELLS) < 0.1)
    bulge, bulge_share = rng.uniform(0.2, 0.6, CELLS), rng.uniform(0, 0.9, CELLS)
    return _Galaxies(
        flux,
        radius,
        x,
        y,
        angle,
        ratio,
        winding,
        arms,
        phase,
        contrast,
        ring_radius,
        ring_width,
        ring,
        bulge,
        bulge_share,
    )


def _shown(galaxies: _Galaxies, *, central: bool) -> Floats:
    x, y, angle, ratio, radius = (
        _column(one) for one in (galaxies.x, galaxies.y, galaxies.angle, galaxies.ratio, galaxies.radius)
    )
    rows, columns = np.mgrid[:_PAINTED, :_PAINTED].astype(np.float32)
    along = ((columns - x) * np.cos(angle) + (rows - y) * np.sin(angle)) / radius
    across = ((rows - y) * np.cos(angle) - (columns - x) * np.sin(angle)) / radius
    r = np.hypot(along, across / ratio) + np.float32(1e-3)
    disc = np.exp(-1.68 * r)
    if central:
        winding = np.arctan2(across / ratio, along) - np.log(r) * _column(galaxies.winding)
        arms = _column(galaxies.arms) * winding + _column(galaxies.phase)
        disc *= 1.0 + _column(galaxies.contrast) * np.cos(arms)
        ring = (r - _column(galaxies.ring_radius)) / _column(galaxies.ring_width)
        disc += _column(galaxies.ring) * np.exp(-0.5 * ring**2)
    bulge = np.exp(-7.67 * np.sqrt(np.sqrt(np.hypot(along, across) / _column(galaxies.bulge))))
    share = _column(galaxies.bulge_share)
    light = (1 - share) * _of_unit_flux(disc) + share * _of_unit_flux(bulge)
    return np.asarray(_column(galaxies.flux) * light, np.float32)


def _of_unit_flux(light: Floats) -> Floats:
    # A small galaxy far outside its cell has no light there at all.
    return np.asarray(light / np.maximum(light.sum(axis=(1, 2), keepdims=True), np.float32(1e-6)))


def _through_the_air(light: Floats, rng: np.random.Generator) -> Floats:
    """Blur each cell by Kolmogorov's atmosphere of its own seeing, and its own slight ellipticity."""
    fwhm = _column(np.clip(2.0 * np.exp(rng.normal(0, 0.15, CELLS)), 1.4, 3.5))
    stretch, angle = _column(1.0 + np.abs(rng.normal(0, 0.07, CELLS))), _column(rng.uniform(0, np.pi, CELLS))
    kx = fft.rfftfreq(_PAINTED).astype(np.float32)
    ky = fft.fftfreq(_PAINTED).astype(np.float32)[:, None]
    along = (kx * np.cos(angle) + ky * np.sin(angle)) * stretch
    across = (ky * np.cos(angle) - kx * np.sin(angle)) / stretch
    transfer = np.exp(-3.44 * (fwhm / np.float32(0.976) * np.hypot(along, across)) ** np.float32(5 / 3))
    blurred = fft.irfft2(fft.rfft2(light) * transfer, (_PAINTED, _PAINTED))
    return np.asarray(blurred, np.float32)
