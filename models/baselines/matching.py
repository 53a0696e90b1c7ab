"""A science image and its reference at one resolution: the sharper one is convolved, then they are subtracted."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

#: Sigmas of the Gaussian that widens the reference, or where negative the science image [px].
WIDTHS = (
    0.0,
    *(side * width for width in (0.4, 0.6, 0.8, 1.0, 1.25, 1.5, 1.75, 2.0, 2.5, 3.0, 4.0) for side in (1, -1)),
)

#: A pixel further off than this counts as this far: a trail must not choose the kernel [sigma].
CLIP = 10.0

#: Of a source's light that a subtraction may leave: flat field, registration, profiles that no Gaussian links. Chosen
#: among 0, 0.03, 0.06 and 0.12 on objects of seed 1: in the monitoring world both baselines rank best with it.
RESIDUAL = 0.06

#: Sigma over the median absolute deviation of a normal distribution.
MAD_TO_SIGMA = 1.4826


@dataclass(frozen=True, slots=True, eq=False)
class Difference:
    """Science minus reference.

    Attributes
    ----------
    flux : array (side, side)
        Its median is 0; NaN where either image is.
    noise : array (side, side)
        What its pixels are expected to scatter by: the noise of both images, and what a subtraction leaves of sources.
    """

    flux: NDArray[np.float64]
    noise: NDArray[np.float64]


def subtract(science: NDArray[np.float32], reference: NDArray[np.float32]) -> Difference:
    """Subtract a reference from a science image, with the Gaussian kernel that leaves the least (chi squared).

    Parameters
    ----------
    science, reference : arrays (side, side)
        In one unit of flux; NaN where missing.
    """
    ours, theirs = (image.astype(np.float64) - np.nanmedian(image) for image in (science, reference))
    noises = noise(science), noise(reference)

    def difference(width: float) -> Difference:
        narrow, wide = max(-width, 0.0), max(width, 0.0)
        model = convolve(theirs, wide)
        sky = np.hypot(noises[0] * shrinking(narrow), noises[1] * shrinking(wide))
        return Difference(convolve(ours, narrow) - model, with_sources(sky, model))

    best = min((difference(width) for width in WIDTHS), key=chi_squared)
    return Difference(best.flux - np.nanmedian(best.flux), best.noise)


def chi_squared(difference: Difference) -> float:
    """Return the mean square of a difference's pixels over its noise, each clipped at `CLIP`."""
    return float(np.nanmean(np.minimum((difference.flux / difference.noise) ** 2, CLIP**2)))


def with_sources(sky: float, model: NDArray[np.float64]) -> NDArray[np.float64]:
    """Add to the noise of the sky what the subtraction of a model (side, side), its sky at 0, leaves of its sources."""
    return np.asarray(np.hypot(max(sky, 1e-12), RESIDUAL * np.fmax(model, 0.0)))


def convolve(image: NDArray[np.floating], sigma: float) -> NDArray[np.float64]:
    """Convolve an image (side, side) with a Gaussian; what is missing has no weight, and stays missing."""
    known = ~np.isnan(image)
    kernel = _gaussian(len(image), sigma)
    flux = kernel @ np.where(known, image, 0.0) @ kernel.T
    if not known.all():
        flux = np.where(known, flux / np.maximum(kernel @ known @ kernel.T, 1e-6), np.nan)
    return np.asarray(flux, dtype=np.float64)


@lru_cache(maxsize=64)
def shrinking(sigma: float) -> float:
    """By what factor a Gaussian of this sigma [px] lowers white noise."""
    return float((_gaussian(65, sigma)[32] ** 2).sum())


def noise(image: NDArray[np.float32]) -> float:
    """Return an image's sigma, from the differences of neighbours: sources are smoother than noise."""
    steps = np.concatenate([np.diff(image, axis=axis).ravel() for axis in (0, 1)])
    return float(MAD_TO_SIGMA * np.nanmedian(np.abs(steps)) / np.sqrt(2.0))


@lru_cache(maxsize=1024)
def _gaussian(side: int, sigma: float) -> NDArray[np.float64]:
    """Weights (side, side) of a convolution along one axis; at the ends those inside share what fell outside."""
    if sigma <= 0.0:
        return np.eye(side)
    offset = np.arange(side) - np.arange(side)[:, None]
    kernel = np.exp(-0.5 * (offset / sigma) ** 2)
    weights: NDArray[np.float64] = kernel / kernel.sum(axis=1, keepdims=True)
    return weights
