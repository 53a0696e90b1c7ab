"""The ideal that a streak network is measured against: matched filters of every length and direction."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from models.simulate.streaks.trail import Segment, trail

if TYPE_CHECKING:
    from numpy.typing import NDArray

#: Steps between the lengths of filters, and between directions, of which each moves a trail's ends by half a FWHM.
_LENGTH_RATIO, _TURN = 1.5, 1.0
#: Share of a filter's squares that must lie within the stamp: streaks may begin outside it.
_INSIDE = 0.3
#: Filters' widths are known to this factor.
_FWHM_RATIO = 1.12
_GROUP = 64


def matched_filter(
    images: NDArray[np.float32],
    fwhm: NDArray[np.float32],
    lengths: tuple[float, float] = (3.0, 60.0),
    *,
    dark: bool = True,
) -> NDArray[np.float32]:
    """Largest signal-to-noise ratio over all trails that a stamp could hold.

    A trail P in white noise is found best by ``sum(image P) / sqrt(sum P^2)``; at a stamp's rim only what lies
    inside counts. The width of the PSF is taken as known, as it is to a survey.

    Parameters
    ----------
    images : float32 array (n, side, side)
        In units of a pixel's noise; NaN where pixels are missing.
    fwhm : array (n,)
        Of each stamp's PSF [px].
    lengths : range
        Shortest trail [FWHM] and longest [px].
    dark : bool
        Whether trails may be dark as well.

    Returns
    -------
    float32 array (n,)
    """
    best = np.zeros(len(images), np.float32)
    steps = np.rint(np.log(fwhm) / math.log(_FWHM_RATIO)).astype(int)
    for step in np.unique(steps):
        width = _FWHM_RATIO ** float(step)
        for members in np.array_split(chosen := np.flatnonzero(steps == step), -(-len(chosen) // _GROUP)):
            best[members] = _largest(images[members], width, lengths, dark=dark)
    return best


def _largest(
    images: NDArray[np.float32], fwhm: float, lengths: tuple[float, float], *, dark: bool
) -> NDArray[np.float32]:
    from scipy.fft import irfft2, next_fast_len, rfft2

    side = images.shape[-1]
    reach = math.ceil(lengths[1] / 2 + 3 * fwhm)
    size = next_fast_len(side + reach, real=True)
    seen = np.isfinite(images)
    light = rfft2(np.where(seen, images, 0.0).astype(np.float32), (size, size))
    # Stamps with the same pixels share the filters' norms.
    shapes, which = np.unique(seen.reshape(len(seen), -1), axis=0, return_inverse=True)
    masks = rfft2(shapes.reshape(-1, side, side).astype(np.float32), (size, size))
    best = np.zeros(len(images), np.float32)
    for filtering in _filters(fwhm, lengths, size):
        transform, squares = np.conj(rfft2(filtering)), np.conj(rfft2(filtering**2))
        norms = irfft2(masks * squares, (size, size))[:, :side, :side] / np.sum(filtering**2)
        answers = irfft2(light * transform, (size, size))[:, :side, :side] / math.sqrt(np.sum(filtering**2))
        usable = np.where(norms > _INSIDE, np.sqrt(np.maximum(norms, _INSIDE)), np.inf)[which]
        ratio = answers / usable
        best = np.maximum(best, (np.abs(ratio) if dark else ratio).max(axis=(1, 2)))
    return best


def _filters(fwhm: float, lengths: tuple[float, float], size: int) -> list[NDArray[np.float32]]:
    """Trails round pixel (0, 0) of a grid that wraps round."""
    shortest = lengths[0] * fwhm
    count = max(math.ceil(math.log(lengths[1] / shortest) / math.log(_LENGTH_RATIO)), 1)
    middle = size // 2
    filters = []
    for length in np.geomspace(shortest, lengths[1], count + 1):
        directions = math.ceil(math.pi * length / 2 / (_TURN * fwhm))
        for angle in np.arange(directions) * math.pi / directions:
            painted = trail((size, size), Segment.around(middle, middle, length, angle), fwhm)
            filters.append(np.roll(painted, (-middle, -middle), (0, 1)))
    return filters
