"""Rotational asymmetry, the classical measure of a merger (Conselice, Bershady & Jangren 2000, ApJ 529, 886)."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from models.merger_network import middle, sky_level

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

#: Radius of the aperture, in radii that hold 80 % of the light: about 1.5 Petrosian radii of a disc.
_APERTURE = 1.5
#: How far the centre may move to make the asymmetry smallest [half pixels].
_SHIFT = 4


def rotational_asymmetry(stamps: Sequence[NDArray[np.float32]]) -> NDArray[np.float64]:
    r"""Measure how unlike itself each galaxy is when turned by half a circle.

    .. math::

        A = \min_\mathrm{centre} \frac{\sum |I - I_{180}|}{\sum |I|} - \frac{\sum |B - B_{180}|}{\sum |I|}

    within an aperture; the second term is what the noise B of the sky alone gives: :math:`2 \sigma / \sqrt \pi` a
    pixel.

    Parameters
    ----------
    stamps : sequence of float32 arrays (rows, columns)
        The galaxy in the middle; NaN where pixels are missing.

    Returns
    -------
    array (n,)
        0 for a stamp without a galaxy.
    """
    return np.array([_asymmetry(stamp) for stamp in stamps])


def _asymmetry(stamp: NDArray[np.float32]) -> float:
    level, noise = sky_level(stamp)
    if noise == 0.0:
        return 0.0
    light = np.nan_to_num(stamp - np.float32(level), nan=0.0)
    row, column, radius = middle(light, noise)
    reach = max(round(_APERTURE * radius), 3)
    padded = np.pad(light, reach + _SHIFT)
    y, x = int(row) + reach + _SHIFT, int(column) + reach + _SHIFT
    inside = np.hypot(*np.mgrid[-reach : reach + 1, -reach : reach + 1]) <= reach
    first = padded[y - reach : y + reach + 1, x - reach : x + reach + 1]
    total = float(np.abs(first[inside]).sum())
    if total == 0.0:
        return 0.0
    smallest = math.inf
    for dy in range(-_SHIFT, _SHIFT + 1):
        for dx in range(-_SHIFT, _SHIFT + 1):
            # Turned about a centre half of (dy, dx) away, a pixel comes to lie (dy, dx) further on.
            there = padded[y - reach + dy : y + reach + 1 + dy, x - reach + dx : x + reach + 1 + dx][::-1, ::-1]
            smallest = min(smallest, float(np.abs(first - there)[inside].sum()))
    return smallest / total - 2.0 * noise / math.sqrt(math.pi) * int(inside.sum()) / total
