"""The interface behind which every input format hides; a new survey is one new file that fills it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from broker.cutout import Cutout
    from broker.geometry import Geometry, SkyFrame
    from broker.packet import Packet
    from schemas.framing import Framed


@dataclass(frozen=True, slots=True)
class Facts:
    """What must be known of a survey before its pixels mean anything.

    Attributes
    ----------
    object_id, epoch_id : str
        Which packet fields name the object and the epoch.
    difference_sign : str
        When the difference image is flipped.
    orientation : str
        Where north is, and how that is known.
    time : str
        The time's scale and which moment of the exposure it marks.
    units : str
        Units of the pixels.
    zero_point : str
        AB magnitude of one unit, or where the packet tells it.
    missing_pixels : str
        How a missing pixel is marked.
    pixel_scale : float or None
        Nominal scale of the stamps [arcsec/px]; None where the packet tells.
    frame : SkyFrame
        The one angular size and sampling at which all its stamps are looked at.
    exposure_time : float or None
        Fixed exposure time [s]; None where the packet tells or nobody knows.
    seeing : float
        Usual FWHM [arcsec], where the packet does not tell.
    """

    object_id: str
    epoch_id: str
    difference_sign: str
    orientation: str
    time: str
    units: str
    zero_point: str
    missing_pixels: str
    pixel_scale: float | None
    frame: SkyFrame
    exposure_time: float | None
    seeing: float


class Survey(Protocol):
    """One input format."""

    @property
    def name(self) -> str:
        """Name in annotations, topics and metrics: ``ztf``, ``lsst`` or a configured one."""

    @property
    def facts(self) -> Facts:
        """What must be known before the pixels mean anything."""

    def recognises(self, framed: Framed) -> bool:
        """Whether a record's schema is one of this survey's."""

    def packet(self, framed: Framed) -> Packet:
        """Read one record; raises UnreadableError where it cannot be read."""

    def geometry(self, packet: Packet, cutout: Cutout) -> Geometry:
        """Where the sky is in one of the packet's cutouts."""
