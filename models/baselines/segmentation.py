"""A plain segmentation, as classical pipelines have it: threshold, connected pixels, moments."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from models.simulate.profiles import FWHM
from models.simulate.streaks.trail import Segment

if TYPE_CHECKING:
    from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Detection:
    """One group of connected pixels.

    Attributes
    ----------
    snr : float
        Of its light over its pixels' noise.
    elongation : float
        Ratio of its axes.
    segment : Segment
        Along its major axis, as long as a uniform trail of the same second moment.
    """

    snr: float
    elongation: float
    segment: Segment


def segment_image(image: NDArray[np.float32], fwhm: float, threshold: float = 1.5, pixels: int = 8) -> list[Detection]:
    """Find connected pixels above a threshold in the image smoothed with its PSF.

    Parameters
    ----------
    image : float32 array (rows, columns)
        In units of a pixel's noise, background 0; missing pixels NaN.
    fwhm : float
        Of the PSF [px].
    threshold : float
        In units of the smoothed image's noise.
    pixels : int
        Fewest of a detection.
    """
    from scipy import ndimage

    light = np.nan_to_num(image).astype(float)
    smooth = ndimage.gaussian_filter(light, fwhm / FWHM, truncate=3.0)
    noise = 1.0 / (2.0 * math.sqrt(math.pi) * fwhm / FWHM)
    labels, _ = ndimage.label(smooth > threshold * noise, structure=np.ones((3, 3)))
    found = []
    for number, box in enumerate(ndimage.find_objects(labels), 1):
        inside = labels[box] == number
        if inside.sum() < pixels:
            continue
        rows, columns = np.nonzero(inside)
        weights = np.maximum(smooth[box][inside], 0.0)
        found.append(_measure(columns + box[1].start, rows + box[0].start, weights, light[box][inside]))
    return found


def _measure(
    x: NDArray[np.intp], y: NDArray[np.intp], weights: NDArray[np.float64], light: NDArray[np.float64]
) -> Detection:
    total = weights.sum()
    cx, cy = float((weights @ x) / total), float((weights @ y) / total)
    dx, dy = x - cx, y - cy
    xx, yy, xy = (float(weights @ product) / total for product in (dx * dx, dy * dy, dx * dy))
    half, difference = (xx + yy) / 2, math.hypot((xx - yy) / 2, xy)
    major, minor = half + difference, max(half - difference, 1.0 / 12.0)  # no source is thinner than its pixels
    angle = 0.5 * math.atan2(2 * xy, xx - yy)
    length = math.sqrt(12.0 * max(major - minor, 0.0))
    snr = float(light.sum()) / math.sqrt(len(light))
    return Detection(snr, math.sqrt(major / minor), Segment.around(cx, cy, length, angle))
