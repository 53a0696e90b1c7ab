"""Science image and reference side by side: what the epoch network sees, and how much changed at the alert's place.

Unlike the embedding's disc these planes keep the frame's corners, and say which pixels are known: nothing here is
compared between epochs, and a trail through a corner is a fault as well.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from broker.frame import MAD_TO_SIGMA
from models.median import median

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from broker.frame import FramedStamps

#: Planes of a comparison, in order.
PLANES = ("science", "reference", "difference", "known", "place")

#: A packet may claim any seeing; no image is sharper [px], and none is looked at whose reach is beyond its frame.
SHARPEST = 1.2

#: From the object's place: what lies nearer belongs to it [FWHM].
REACH = 2.0

#: Asinh of images and of differences: linear below, logarithmic above [sigma]; then scaled to the order of one.
IMAGE_SOFTENING, DIFFERENCE_SOFTENING, SCALE = 3.0, 1.0, 3.0

#: Of a lasting source's light that a subtraction of two images of different seeing may leave.
RESIDUAL = 0.1

COMPARISON_MANIFEST = {
    "version": 1,
    "planes": PLANES,
    "reach": REACH,
    "softening": (IMAGE_SOFTENING, DIFFERENCE_SOFTENING),
    "scale": SCALE,
}
"""What of this file changes the planes. ``version`` stands for the code."""


def compare(
    science: FramedStamps, reference: FramedStamps, fwhm: NDArray[np.float64]
) -> tuple[NDArray[np.float32], NDArray[np.float64]]:
    r"""Compare a batch of science images with their references.

    With backgrounds and noises :math:`b, \sigma` of science :math:`S` and reference :math:`R`, all means over bands,

    .. math::

        z_I = \frac{I - b_I}{\max(\sigma_S, \sigma_R)}, \qquad
        \Delta = \frac{(S - b_S) - (R - b_R)}{\sqrt{\sigma_S^2 + \sigma_R^2}},

    the planes are :math:`\operatorname{asinh}(z_S / 3) / 3`, the same of :math:`R`,
    :math:`\operatorname{asinh}(\Delta) / 3`, 1 where both images have data and 0 elsewhere, and
    :math:`e^{-r^2 / 2 (2\,\mathrm{FWHM})^2}`, which tells the place and the seeing.

    Parameters
    ----------
    science, reference : FramedStamps
        Of the same packets; images of NaN where there is none.
    fwhm : array (n,)
        Seeing [px of the frame].

    Returns
    -------
    planes : float32 array (n, 5, side, side)
        0 where nothing is known; NaN throughout where either image is missing.
    changed_snr : array (n,)
        S/N of the strongest point-like change, of either sign, within `REACH` of the place; NaN where either image
        is missing.
    """
    side = science.square.shape[-1]
    fwhm = np.clip(np.nan_to_num(fwhm, nan=SHARPEST), SHARPEST, side / 4)
    flux_science, flux_reference = ((one.square - one.level).mean(axis=1) for one in (science, reference))
    noise_science, noise_reference = ((one.noise**2).mean(axis=1) ** 0.5 for one in (science, reference))
    known = ~np.isnan(flux_science + flux_reference)
    missing = np.array([bool(s or r) for s, r in zip(science.errors, reference.errors, strict=True)], dtype=bool)
    common, together = np.fmax(noise_science, noise_reference), np.hypot(noise_science, noise_reference)
    difference = np.where(known, (flux_science - flux_reference) / together, 0.0)
    place = np.stack([np.exp(-0.5 * (_radius(side) / (REACH * width)) ** 2) for width in fwhm]) if len(fwhm) else known
    planes = np.stack(
        [
            np.where(known, np.arcsinh(flux_science / common / IMAGE_SOFTENING) / SCALE, 0.0),
            np.where(known, np.arcsinh(flux_reference / common / IMAGE_SOFTENING) / SCALE, 0.0),
            np.arcsinh(difference / DIFFERENCE_SOFTENING) / SCALE,
            known,
            place,
        ],
        axis=1,
        dtype=np.float32,
    )
    lasting = np.where(known, np.fmin(flux_science, flux_reference) / together, 0.0)
    weighed = difference / np.sqrt(1.0 + (RESIDUAL * np.maximum(lasting, 0.0)) ** 2)
    changed = np.array([_strongest_change(*one) for one in zip(weighed, fwhm, strict=True)], dtype=np.float64)
    planes[missing], changed[missing] = np.nan, np.nan
    return planes, changed


def _strongest_change(difference: NDArray[np.float64], fwhm: float) -> float:
    """S/N of the strongest point source in a difference (side, side) [sigma] within reach of the centre."""
    side = len(difference)
    smoothing = _smoothing(side, round(float(fwhm), 1))
    smoothed = np.abs(smoothing @ difference @ smoothing.T)
    near = _radius(side) <= REACH * fwhm
    # Pixels of one noise never make less than 1; where noise is correlated or subtraction is poor, all make more.
    typical = max(1.0, MAD_TO_SIGMA * median(smoothed))
    return float(smoothed[near].max()) / typical


@lru_cache(maxsize=256)
def _smoothing(side: int, fwhm: float) -> NDArray[np.float64]:
    """Weights (side, side) of a Gaussian matched filter along one axis: white noise keeps its unit deviation."""
    offset = np.arange(side) - np.arange(side)[:, None]
    kernel = np.exp(-0.5 * (offset * 2.3548 / fwhm) ** 2)
    weights: NDArray[np.float64] = kernel / np.sqrt((kernel**2).sum(axis=1, keepdims=True))
    return weights


@lru_cache(maxsize=16)
def _radius(side: int) -> NDArray[np.float64]:
    """Distances (side, side) from the frame's centre [px]."""
    offset = np.arange(side) - (side - 1) / 2
    radius: NDArray[np.float64] = np.hypot(offset[:, None], offset)
    return radius
