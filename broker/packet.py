"""One alert as every later step sees it, whichever survey sent it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from broker.surveys.survey import Survey
    from schemas.framing import Framed


@dataclass(frozen=True, slots=True, eq=False)
class Packet:
    """One alert: what the survey says of one epoch of one object, and its image stamps.

    Attributes
    ----------
    survey : Survey
        Who sent it, and how its stamps are to be read.
    framed : Framed
        The record as it arrived: writer's schema and untouched body.
    object_id, epoch_id : str
        The survey's own ids.
    band : str or None
        Filter name, lower case; ``gri`` for a cube of three.
    mjd : float or None
        TAI at mid-exposure [d].
    ra, dec : float or None
        ICRS position of this detection [deg].
    mean_ra, mean_dec : float or None
        ICRS mean position of the object [deg]; the centre of the sky frame.
    exposure_time : float or None
        [s].
    science, reference, difference : bytes or None
        FITS images as sent, gzipped or not; None where the packet has none.
    mask : bytes or None
        FITS image, non-zero where a science pixel is bad.
    pixel_scale : float or None
        [arcsec/px], where the packet tells.
    difference_sign : int
        +1 where the difference is science minus reference, -1 where it is flipped.
    polarity : int or None
        +1 where it brightened, -1 where it faded; None where the packet does not tell.
    seeing : float or None
        FWHM [arcsec].
    snr, magnitude : float or None
        Of the detection, as the packet tells.
    stored : bool
        False for what has no lasting object, such as a moving one: it has no history.
    """

    survey: Survey
    framed: Framed
    object_id: str
    epoch_id: str
    band: str | None
    mjd: float | None
    ra: float | None
    dec: float | None
    mean_ra: float | None
    mean_dec: float | None
    exposure_time: float | None
    science: bytes | None
    reference: bytes | None
    difference: bytes | None
    mask: bytes | None = None
    pixel_scale: float | None = None
    difference_sign: int = 1
    polarity: int | None = None
    seeing: float | None = None
    snr: float | None = None
    magnitude: float | None = None
    stored: bool = True
