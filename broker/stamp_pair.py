"""The images of one packet: as they came, and as a network is about to see them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from broker.cutout import Cutout
    from broker.geometry import Geometry, SkyFrame
    from schemas.errors import StampError


@dataclass(frozen=True, slots=True, eq=False)
class Stamp:
    """One image, and where the sky is in it."""

    cutout: Cutout
    geometry: Geometry

    @property
    def bands(self) -> int:
        """How many the image has."""
        return self.cutout.image.shape[0] if self.cutout.image.ndim > 2 else 1


@dataclass(frozen=True, slots=True, eq=False)
class StampPair:
    """The images of one packet that are embedded.

    Attributes
    ----------
    science, reference : Stamp or StampError
        The error says why there is none.
    frame : SkyFrame
        The survey's.
    seeing : float
        FWHM [arcsec]; the survey's usual one where the packet does not tell.
    """

    science: Stamp | StampError
    reference: Stamp | StampError
    frame: SkyFrame
    seeing: float = 1.0

    @property
    def bands(self) -> int:
        """How many bands the science image has, or the reference where there is no science image."""
        return next((image.bands for image in (self.science, self.reference) if isinstance(image, Stamp)), 1)


@dataclass(frozen=True, slots=True, eq=False)
class Prepared:
    """The images of one packet in the sky frame and stretched: what the network is about to see.

    Attributes
    ----------
    science, reference : float32 array (bands, side, side) in [0, 1], or StampError
        Another preprocessing than ``sky-frame`` puts its own images here.
    masked_fraction : float
        Share of the science image's frame without data, before it was filled; 1 without science image.
    planes : float32 array (planes, side, side) or None
        Both side by side, for the epoch network; see `broker.comparison`. None where either is missing.
    changed_snr : float or None
        S/N of the strongest point-like change at the object's place.
    """

    science: NDArray[np.float32] | StampError
    reference: NDArray[np.float32] | StampError
    masked_fraction: float
    planes: NDArray[np.float32] | None
    changed_snr: float | None
