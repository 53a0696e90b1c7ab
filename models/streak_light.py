"""How much light lies along a streak: none where the network saw something else in its window."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from models.simulate.streaks.trail import Segment, matched_snr, trail
from models.streak_network import in_sigma

if TYPE_CHECKING:
    from numpy.typing import NDArray

#: Sky around the streak that tells the noise, and the longest part of one that is looked at [px].
_AROUND, _LONGEST = 12, 256.0
#: A brighter pixel counts as this much [sigma]: a star beside a streak shall not shine for it.
_BRIGHTEST = 30.0
#: How far a segment is shifted [px] and turned [rad] in search of light.
_FARTHEST, _TURNS = 9.0, np.radians([-6.0, 0.0, 6.0])


def light_along(image: NDArray[np.float32], segment: Segment, fwhm: float) -> float:
    """Signal-to-noise ratio that the matched filter of a trail reads on a segment.

    Parameters
    ----------
    image : float32 array (rows, columns)
        In any units, NaN where pixels are missing; the streak bright.
    segment : Segment
        Of a long one, the middle counts.
    fwhm : float
        Of the PSF [px].
    """
    middle = (segment.x1 + segment.x2) / 2, (segment.y1 + segment.y2) / 2
    part = Segment.around(*middle, min(segment.length, _LONGEST), segment.angle)
    (x1, x2), (y1, y2) = sorted((part.x1, part.x2)), sorted((part.y1, part.y2))
    top, left = (max(math.floor(one) - _AROUND, 0) for one in (y1, x1))
    cut = image[top : math.ceil(y2) + _AROUND + 1, left : math.ceil(x2) + _AROUND + 1]
    if not cut.size:
        return 0.0
    source = trail(cut.shape, Segment(part.x1 - left, part.y1 - top, part.x2 - left, part.y2 - top), fwhm)
    light = np.minimum(np.nan_to_num(in_sigma(cut)), _BRIGHTEST)
    return float(np.sum(light * source, dtype=np.float64)) / max(matched_snr(source), 1e-6)


def aligned(image: NDArray[np.float32], segment: Segment, fwhm: float) -> Segment:
    """Shift a segment across itself, and turn it a little, to where most light lies along it; parameters as above."""
    x, y = (segment.x1 + segment.x2) / 2, (segment.y1 + segment.y2) / 2
    shifts = np.arange(-_FARTHEST, _FARTHEST + fwhm / 2, fwhm)
    tried = [
        Segment.around(x - shift * math.sin(segment.angle), y + shift * math.cos(segment.angle), segment.length, angle)
        for shift in shifts
        for angle in segment.angle + _TURNS
    ]
    return max(tried, key=lambda one: light_along(image, one, fwhm))
