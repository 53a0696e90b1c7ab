r"""How far a galaxy's brightest part lies from the middle of its light (Freeman et al. 2013, MNRAS 434, 282).

.. math:: D = \sqrt{\pi / N}\; |x_\mathrm{cen} - x_{I(1)}|

with N the pixels of the galaxy, its centroid, and the peak of the basin that holds the most light: each pixel belongs
to the peak that steepest ascent from it ends in.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from models.morphology.segmentation import Floats, Mask, Segmented

#: Of the Gaussian that smooths light before its peaks are sought [px].
_SMOOTHING = 1.0


def deviation(one: Segmented) -> float:
    """Measure a galaxy's deviation."""
    from scipy import ndimage

    rows, columns = np.nonzero(one.galaxy)
    light = np.where(one.galaxy, np.maximum(one.light, 0.0), 0.0)
    smooth = ndimage.gaussian_filter(light, _SMOOTHING)
    held = np.bincount(_peaks(smooth, one.galaxy)[one.galaxy], smooth[one.galaxy])
    row, column = np.unravel_index(int(held.argmax()), smooth.shape)
    flux = light[rows, columns]
    if not flux.any():
        return 0.0
    apart = math.hypot(row - np.average(rows, weights=flux), column - np.average(columns, weights=flux))
    return math.sqrt(math.pi / len(rows)) * apart


def _peaks(smooth: Floats, galaxy: Mask) -> NDArray[np.int64]:
    """Return for each pixel the place, in the flattened image, of the peak that steepest ascent in the mask ends in."""
    rows, columns = smooth.shape
    around = np.pad(np.where(galaxy, smooth, -np.inf), 1, constant_values=-np.inf)
    steps = [(row, column) for row in (-1, 0, 1) for column in (-1, 0, 1)]
    nine = np.stack([around[1 + r : 1 + r + rows, 1 + c : 1 + c + columns] for r, c in steps])
    way = np.array([row * columns + column for row, column in steps])
    # Where several are as bright, as where all are outside, it stays.
    best = np.where(nine.max(axis=0) > smooth, nine.argmax(axis=0), len(steps) // 2)
    end = (np.arange(rows * columns).reshape(rows, columns) + way[best]).ravel()
    while (end != end[end]).any():
        end = end[end]
    return np.asarray(end.reshape(rows, columns), np.int64)
