"""Cuts what the class networks see out of a packet's images: native pixels of one band, the host in the middle."""

from __future__ import annotations

from dataclasses import replace
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING

import numpy as np

from broker.classifiers.contract import Abstention, View
from broker.cutout import read_cutout
from broker.frame import MAD_TO_SIGMA, MAX_MISSING
from broker.stamp_pair import Stamp
from models.median import median
from schemas.errors import StampError, StampReason

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from broker.classifiers.contract import Sight

#: How far from the object its host's centre may lie [arcsec].
HOST_REACH = 3.0
#: Of the host's core, smoothed by the seeing, over the noise: what is fainter is no host.
HOST_SNR = 5.0

NO_REFERENCE = "no reference"
NO_HOST = "no host"

#: Beyond it a pixel is no measurement: the networks take sums of squares, in float32.
_LARGEST = 1e15
_FWHM_TO_SIGMA = 2.3548


class PacketViews:
    """The images of one packet that class networks look at; the host, which several see, is cut out once.

    Parameters
    ----------
    sight : Sight

    Attributes
    ----------
    sight : Sight
    """

    def __init__(self, sight: Sight) -> None:
        self.sight = sight

    @cached_property
    def lasting(self) -> View | Abstention:
        """What was there before."""
        return lasting_view(self.sight)

    @cached_property
    def host(self) -> View | Abstention:
        """The same with the host in its middle."""
        return self.lasting if isinstance(self.lasting, Abstention) else recentred(self.lasting)


def difference_view(sight: Sight) -> View | Abstention:
    """Return the difference, positive where the source brightened.

    The packet's own, its sign corrected; where there is none, science minus reference.
    """
    own = _own_difference(sight)
    if own is not None:
        return _view(sight, own, "difference")
    if isinstance(sight.science, StampError):
        return Abstention("difference", str(sight.science.reason))
    if isinstance(sight.reference, StampError):
        return Abstention("difference", NO_REFERENCE)
    science, reference = sight.science.cutout.image, sight.reference.cutout.image
    if science.shape != reference.shape:
        return Abstention("difference", str(StampReason.SIZE))
    subtracted = replace(sight.science.cutout, image=science - reference)
    return _view(sight, Stamp(subtracted, sight.science.geometry), "difference")


def lasting_view(sight: Sight) -> View | Abstention:
    """Return the image that shows what was there before: the reference; science where there is none."""
    if not isinstance(sight.reference, StampError):
        return _view(sight, sight.reference, "reference")
    if not isinstance(sight.science, StampError):
        return _view(sight, sight.science, "science")
    return Abstention("reference", str(sight.reference.reason))


def recentred(view: View) -> View | Abstention:
    """Move the host into the middle, by whole pixels; NaN comes in where the stamp never looked."""
    host = _host(view)
    if host is None:
        return Abstention(view.input_image, NO_HOST)
    rows, columns = view.pixels.shape
    down, right = host[0] - rows // 2, host[1] - columns // 2
    moved = np.full_like(view.pixels, np.nan)
    moved[max(-down, 0) : rows - max(down, 0), max(-right, 0) : columns - max(right, 0)] = view.pixels[
        max(down, 0) : rows - max(-down, 0), max(right, 0) : columns - max(-right, 0)
    ]
    geometry = replace(view.geometry, x=view.geometry.x - right, y=view.geometry.y - down)
    return replace(view, pixels=moved, geometry=geometry)


def _own_difference(sight: Sight) -> Stamp | None:
    packet = sight.packet
    if not packet.difference:
        return None
    try:
        cutout = read_cutout(packet.difference)
    except StampError:  # science minus reference will do
        return None
    upright = replace(cutout, image=cutout.image * np.float32(packet.difference_sign))
    return Stamp(upright, packet.survey.geometry(packet, cutout))


def _view(sight: Sight, stamp: Stamp, input_image: str) -> View | Abstention:
    image = stamp.cutout.image
    pixels = image if image.ndim == 2 else image[len(image) // 2]  # of gri, the r
    missing = ~(np.abs(pixels) < _LARGEST)
    if np.count_nonzero(missing) / missing.size > MAX_MISSING:
        return Abstention(input_image, str(StampReason.MASKED))
    pixels = np.where(missing, np.float32(np.nan), pixels)
    scale = sight.packet.survey.facts.pixel_scale or sight.packet.pixel_scale or stamp.geometry.pixel_scale
    return View(pixels, input_image, float(scale), stamp.geometry, sight, stamp.cutout.psf)


def _host(view: View) -> tuple[int, int] | None:
    """Row and column of the strongest core within reach of the object, the nearer the better."""
    rows, columns = view.pixels.shape
    down, right = (
        np.flatnonzero(np.abs(np.arange(size) - middle) * view.pixel_scale <= HOST_REACH)
        for size, middle in ((rows, view.geometry.y), (columns, view.geometry.x))
    )
    if not (down.size and right.size):
        return None
    image = np.where(np.isnan(view.pixels), np.float32(0), view.pixels - np.float32(median(view.pixels)))
    fwhm = round(float(np.clip(view.seeing / view.pixel_scale, 1.0, min(rows, columns) / 4)), 1)
    smoothed = _smoothing(rows, fwhm) @ image @ _smoothing(columns, fwhm).T
    noise = MAD_TO_SIGMA * median(np.abs(smoothed - np.float32(median(smoothed))))
    near = smoothed[down[0] : down[-1] + 1, right[0] : right[-1] + 1]
    distance = view.pixel_scale * np.hypot(down[:, None] - view.geometry.y, right - view.geometry.x)
    within = np.where((distance <= HOST_REACH) & (near > HOST_SNR * noise), near, 0.0)
    weighed = within * np.exp(-0.5 * (2.0 * distance / HOST_REACH) ** 2)
    if not weighed.any():
        return None
    row, column = np.unravel_index(int(weighed.argmax()), weighed.shape)
    return int(down[row]), int(right[column])


@lru_cache(maxsize=256)
def _smoothing(side: int, fwhm: float) -> NDArray[np.float32]:
    """Weights (side, side) of a Gaussian along one axis."""
    offset = np.arange(side) - np.arange(side)[:, None]
    kernel = np.exp(-0.5 * (offset * _FWHM_TO_SIGMA / fwhm) ** 2)
    return np.asarray(kernel / kernel.sum(axis=1, keepdims=True), np.float32)
