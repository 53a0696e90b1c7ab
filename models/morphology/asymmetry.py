r"""How unlike itself a galaxy is when turned by half a circle: in its light, and in its outline.

.. math::

    A = \min_\mathrm{centre} \frac{\sum |I - I_{180}| - 2 \sigma N / \sqrt \pi}{\sum |I|}, \qquad
    A_S = \frac{\sum |M - M_{180}|}{2 \sum M}

Rotational asymmetry A (Conselice, Bershady & Jangren 2000, ApJ 529, 886), within an aperture of N pixels, less what the
sky's noise gives; shape asymmetry :math:`A_S` (Pawlik et al. 2016, MNRAS 456, 3032, equation 2 of the mask M), about
the same centre. The second does not care how bright what is torn out is, nor how a picture was stretched.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, TypeVar

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from models.morphology.segmentation import Mask, Segmented

Number = TypeVar("Number", bound=np.generic)

#: Radius of the aperture, in radii that hold 80 % of the galaxy's light: about 1.5 Petrosian radii of a disc.
_APERTURE, _HELD = 1.5, 0.8
#: Smallest aperture [px].
_NARROWEST = 3.0
#: How far from the brightest pixel the centre may lie [half pixels].
_SHIFT = 4


def asymmetries(one: Segmented) -> tuple[float, float]:
    """Measure a galaxy's rotational and shape asymmetry; neighbours, and what lies opposite them, do not count."""
    inside = _aperture(one)
    light = np.where(one.neighbours, 0.0, one.light)
    shifts = [(row, column) for row in range(-_SHIFT, _SHIFT + 1) for column in range(-_SHIFT, _SHIFT + 1)]
    twice = [(2 * one.centre[0] + row, 2 * one.centre[1] + column) for row, column in shifts]
    left = [float(np.abs(light - turned(light, about))[inside].sum()) for about in twice]
    centre = twice[int(np.argmin(left))]

    counted = inside & ~one.neighbours & ~turned(one.neighbours, centre)
    total = float(np.abs(one.light[counted]).sum())
    unlike = float(np.abs(one.light - turned(one.light, centre))[counted].sum())
    of_noise = 2.0 * one.noise / math.sqrt(math.pi) * int(counted.sum())
    shape = (one.galaxy != turned(one.galaxy, centre)).sum() / (2.0 * one.galaxy.sum())
    return (unlike - of_noise) / total if total else 0.0, float(shape)


def turned(image: NDArray[Number], centre: tuple[int, int]) -> NDArray[Number]:
    """Turn an image by half a circle about a centre, given in half pixels; zero where it comes from outside."""
    result = np.zeros_like(image)
    here = tuple(
        slice(max(twice - side + 1, 0), min(twice + 1, side)) for twice, side in zip(centre, image.shape, strict=True)
    )
    there = tuple(slice(twice - one.stop + 1, twice - one.start + 1) for twice, one in zip(centre, here, strict=True))
    result[here] = image[there][::-1, ::-1]
    return result


def _aperture(one: Segmented) -> Mask:
    rows, columns = np.indices(one.light.shape)
    distance = np.hypot(rows - one.centre[0], columns - one.centre[1])
    within, flux = distance[one.galaxy], np.maximum(one.light[one.galaxy], 0.0)
    order = np.argsort(within)
    grown = np.cumsum(flux[order])
    most = within[order][min(int(np.searchsorted(grown, _HELD * grown[-1])), len(order) - 1)]
    return np.asarray(distance <= max(_APERTURE * most, _NARROWEST))
