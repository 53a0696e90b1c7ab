"""Stamps of a survey without an alert format of its own: the project's record `EpochStamp`."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from broker.geometry import Geometry, SkyFrame
from broker.packet import Packet
from broker.surveys.fields import band, identifier, image, number, positive, record
from broker.surveys.survey import Facts

if TYPE_CHECKING:
    from broker.cutout import Cutout
    from schemas.framing import Framed

_READ = (
    "objectId", "epochId", "band", "mjd", "ra", "dec", "exposureTime", "pixelScale", "science", "reference",
    "difference", "mask", "psfFwhm",
)  # fmt: skip


@dataclass(frozen=True)
class Stamps:
    """A survey that publishes `EpochStamp` records.

    Parameters
    ----------
    name : str
        The survey's name in annotations and topics.
    frame : SkyFrame
        Size and sampling of its sky frame; 25.6" at 0.4"/px, as in ULISSE, unless configured.
    """

    name: str = "stamps"
    frame: SkyFrame = field(default_factory=lambda: SkyFrame(64, 0.4))

    @property
    def facts(self) -> Facts:
        """What must be known before the pixels mean anything."""
        return Facts(
            object_id="objectId",
            epoch_id="epochId",
            difference_sign="science minus reference, always",
            orientation="from each image's linear world coordinates; rows and columns where it has none",
            time="mjd is TAI at mid-exposure",
            units="counts",
            zero_point="zeroPoint",
            missing_pixels="NaN, and where mask is not zero",
            pixel_scale=None,
            frame=self.frame,
            exposure_time=None,
            seeing=2.0 * self.frame.scale,
        )

    def recognises(self, framed: Framed) -> bool:
        """Whether the record is an `EpochStamp`, of any minor version."""
        return framed.schema.name == "sosia.EpochStamp"

    def packet(self, framed: Framed) -> Packet:
        """Read one record; raises UnreadableError where it cannot be read."""
        fields = record(framed, _READ)  # a later minor version's fields may hold anything
        return Packet(
            survey=self,
            framed=framed,
            object_id=identifier("objectId", fields.get("objectId")),
            epoch_id=identifier("epochId", fields.get("epochId")),
            band=band(fields.get("band")),
            mjd=number(fields.get("mjd")),
            ra=number(fields.get("ra")),
            dec=number(fields.get("dec")),
            mean_ra=number(fields.get("ra")),
            mean_dec=number(fields.get("dec")),
            exposure_time=positive(fields.get("exposureTime")),
            science=image(fields.get("science")),
            reference=image(fields.get("reference")),
            difference=image(fields.get("difference")),
            mask=image(fields.get("mask")),
            pixel_scale=positive(fields.get("pixelScale")),
            seeing=positive(fields.get("psfFwhm")),
        )

    def geometry(self, packet: Packet, cutout: Cutout) -> Geometry:
        """Put the object into the centre and north up, where the image's header tells."""
        plain = Geometry.plain(cutout.image.shape, packet.pixel_scale or self.frame.scale)
        if packet.mean_ra is None or packet.mean_dec is None:
            return plain
        return Geometry.from_wcs(cutout.header, packet.mean_ra, packet.mean_dec) or plain
