"""The sky frame: every stamp north up, its object in the middle, one angular size a survey.

What a network sees must not depend on how a survey happened to cut its stamp: with ImageNet
features, a quarter turn moves a ZTF stamp as far as its nearest look-alike lies.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from broker.resample import KERNEL, resample
from schemas.errors import StampError, StampReason

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from broker.geometry import Geometry, SkyFrame

#: Share of missing pixels above which a stamp is unreadable.
MAX_MISSING = 0.30

#: From the disc to the frame's edge [px]: a stamp that just covers the frame is cut at whole pixels, so its object
#: lies up to half a pixel off its middle, and an epoch's position another half off the mean.
MARGIN = 1.0

#: Where the disc begins to fade [its radius].
FADE = 0.8

#: Sigma over the median absolute deviation of a normal distribution.
MAD_TO_SIGMA = 1.4826

NOISE_SEED = 20120

#: What of this file and of the resampling changes pixels: part of the digest. ``version`` stands for the code.
FRAME_MANIFEST = {
    "version": 2,
    "kernel": KERNEL,
    "maxMissing": MAX_MISSING,
    "margin": MARGIN,
    "fade": FADE,
    "madToSigma": MAD_TO_SIGMA,
    "noiseSeed": NOISE_SEED,
}


@dataclass(frozen=True, slots=True, eq=False)
class FramedStamps:
    """A batch of stamps in the sky frame.

    Attributes
    ----------
    images : float32 array (n, bands, side, side)
        North up (row 0 is the northernmost), west right. Without a missing pixel where ``errors`` has None,
        NaN throughout elsewhere.
    level, noise : arrays (n, bands, 1, 1)
        Background and sigma of each image; NaN where the image is.
    square : float32 array (n, bands, side, side)
        The whole frame as it was sampled, corners included; NaN where nothing is known.
    missing : array (n,)
        Share of the frame without data before it was filled, in the worst band.
    errors : list of StampError or None
        Why a stamp cannot be used.
    """

    images: NDArray[np.float32]
    level: NDArray[np.float64]
    noise: NDArray[np.float64]
    square: NDArray[np.float32]
    missing: NDArray[np.float64]
    errors: list[StampError | None]


def bring_to_frame(
    images: Sequence[NDArray[np.float32]], geometries: Sequence[Geometry], frame: SkyFrame
) -> FramedStamps:
    """Resample a batch of stamps, judge them, and fill what is missing with noise.

    The frame is a disc: a square stamp shows a square's corners only while nothing rotates. Beyond
    it, and where a pixel is missing, stands the image's background plus its noise times one fixed
    field of normal numbers. That field is fixed to the sky frame: a packet gives the same pixels
    whenever it is read, and science and reference, which mostly lack the same pixels, do not differ
    there for no reason. Background and noise are those of the disc's undimmed core, so that they do not
    depend on where a stamp ends.

    Parameters
    ----------
    images : sequence of arrays (bands, rows, columns)
        All of as many bands; of any size; NaN where a pixel is missing.
    geometries : sequence of Geometry
        Where the sky is in each.
    frame : SkyFrame

    Returns
    -------
    FramedStamps
        With the errors ``MASKED`` where more than 30 % of the disc are missing, ``BLANK`` where all
        pixels of a band are equal.
    """
    weight = disc(frame.side)
    square = resample(images, geometries, frame)
    framed = np.where(weight == 0, np.float32(np.nan), square)
    missing = 1.0 - (~np.isnan(framed)).sum(axis=(2, 3)).min(axis=1) / np.count_nonzero(weight)
    core = np.where(weight == 1, framed, np.float32(np.nan))
    errors = [_fault(image, share) for image, share in zip(core, missing, strict=True)]
    unusable = [error is not None for error in errors]
    framed[unusable] = core[unusable] = np.nan
    level, noise = background(core)
    filled = np.where(np.isnan(framed), level + noise * noise_field(frame.side), framed).astype(np.float32)
    return FramedStamps(filled, level, noise, square, missing, errors)


def disc(side: int) -> NDArray[np.float64]:
    """Weigh the frame's pixels (side, side): 1 in the core, then a cosine's fall to 0 a pixel before the edge."""
    offset = (np.arange(side) - (side - 1) / 2) / (side / 2 - MARGIN)
    radius = np.hypot(offset[:, None], offset)
    weight: NDArray[np.float64] = 0.5 + 0.5 * np.cos(np.pi * np.clip((radius - FADE) / (1.0 - FADE), 0.0, 1.0))
    return weight


def noise_field(side: int) -> NDArray[np.float64]:
    """Draw the normal numbers (side, side) that stand, times an image's noise, where it has no data."""
    return np.random.default_rng(NOISE_SEED).standard_normal((side, side))


def background(images: NDArray[np.float32]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    r"""Background and noise of each image, robustly.

    The noise :math:`\sigma` is :math:`1.4826 / \sqrt{2}` times the median absolute difference of neighbouring
    pixels, and the background is the lower quartile plus :math:`0.6745\,\sigma`: median and scatter of the
    pixels themselves, to which both are equal on an empty sky, would be those of a galaxy that
    fills the frame. Where more than half of the neighbours are equal, the standard deviation stands in for
    :math:`\sigma`.

    Parameters
    ----------
    images : array (..., side, side)
        NaN where missing.

    Returns
    -------
    level, noise : arrays (..., 1, 1)
        NaN for an image of NaN only.
    """
    pixels = images.reshape(-1, *images.shape[-2:])
    exact = pixels.astype(np.float64)  # a difference of bright pixels would lose digits
    across, down = (np.abs(np.diff(exact, axis=axis)).reshape(len(pixels), -1) for axis in (-1, -2))
    differences = np.concatenate([across, down], axis=1, dtype=np.float32)  # sorted in half the time
    noise = MAD_TO_SIGMA / np.sqrt(2.0) * _quantile(differences, 0.5)
    flat = noise == 0
    noise[flat] = np.nanstd(exact[flat], axis=(-2, -1))
    level = _quantile(pixels, 0.25) + noise / MAD_TO_SIGMA  # of a normal distribution the quartile is 1 / 1.4826 down
    shape = (*images.shape[:-2], 1, 1)
    return level.reshape(shape), noise.reshape(shape)


def _quantile(pixels: NDArray[np.float32], share: float) -> NDArray[np.float64]:
    """Quantile of what is known in each member, (n,): one sort for all, and silent on NaN only."""
    ordered = np.sort(pixels.reshape(len(pixels), -1), axis=1)  # NaN last
    place = share * np.maximum((~np.isnan(ordered)).sum(axis=1, keepdims=True) - 1, 0)
    below, above = (
        np.take_along_axis(ordered, whole(place).astype(np.intp), axis=1).astype(np.float64)
        for whole in (np.floor, np.ceil)
    )
    quantile: NDArray[np.float64] = (below + (place % 1) * (above - below))[:, 0]
    return quantile


def _fault(image: NDArray[np.float32], missing: float) -> StampError | None:
    if missing > MAX_MISSING:
        return StampError(StampReason.MASKED, f"{missing:.0%} of the sky frame are missing")
    if (np.nanmin(image, axis=(1, 2)) == np.nanmax(image, axis=(1, 2))).any():
        return StampError(StampReason.BLANK, "all pixels are equal")
    return None
