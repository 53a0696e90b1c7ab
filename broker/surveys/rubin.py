"""Rubin's alerts: schemas v7 to v11, in Confluent's wire format or in object containers."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from broker.geometry import Geometry, SkyFrame
from broker.packet import Packet
from broker.surveys.fields import band, group, identifier, image, number, positive, record, same_identifier
from broker.surveys.survey import Facts

if TYPE_CHECKING:
    from collections.abc import Mapping

    from broker.cutout import Cutout
    from schemas.framing import Framed

#: AB magnitude of one nJy.
_ZERO_POINT = 31.4
_SIGMA_TO_FWHM = 2.3548
_PIXEL_SCALE = 0.2


class Rubin:
    """The Legacy Survey of Space and Time of the Vera C. Rubin Observatory."""

    name = "lsst"
    facts = Facts(
        object_id="diaObjectId, else ss:ssObjectId, else src:diaSourceId",
        epoch_id="diaSourceId",
        difference_sign="science minus reference, always: negative sources are negative",
        orientation="north anywhere; from each stamp's linear world coordinates (no CTYPE)",
        time="midpointMjdTai is TAI at mid-exposure",
        units="nJy",
        zero_point="31.4",
        missing_pixels="NaN",
        pixel_scale=_PIXEL_SCALE,
        frame=SkyFrame(30, _PIXEL_SCALE),
        exposure_time=None,
        seeing=0.9,
    )

    def recognises(self, framed: Framed) -> bool:
        """Whether the record has what a Rubin alert has."""
        return {"diaSource", "cutoutScience"} <= set(framed.schema.fields)

    def packet(self, framed: Framed) -> Packet:
        """Read one record; raises UnreadableError where it cannot be read."""
        fields = record(
            framed, ("diaSourceId", "diaSource", "diaObject", "cutoutScience", "cutoutTemplate", "cutoutDifference")
        )
        source = group(fields["diaSource"])
        epoch_id = identifier("diaSource.diaSourceId", source.get("diaSourceId"))
        same_identifier("diaSourceId", fields["diaSourceId"], epoch_id)  # v7 has alertId in its place
        ra, dec = number(source.get("ra")), number(source.get("dec"))
        mean = group(fields["diaObject"])
        mean_ra, mean_dec = number(mean.get("ra")), number(mean.get("dec"))
        flux = number(source.get("psfFlux"))
        return Packet(
            survey=self,
            framed=framed,
            object_id=_object_id(source, epoch_id),
            epoch_id=epoch_id,
            band=band(source.get("band")),
            mjd=number(source.get("midpointMjdTai")),
            ra=ra,
            dec=dec,
            mean_ra=ra if mean_ra is None else mean_ra,
            mean_dec=dec if mean_dec is None else mean_dec,
            exposure_time=None,
            science=image(fields["cutoutScience"]),
            reference=image(fields["cutoutTemplate"]),
            difference=image(fields["cutoutDifference"]),
            polarity=_polarity(source),
            seeing=_seeing(source),
            snr=number(source.get("snr")),
            magnitude=_ZERO_POINT - 2.5 * math.log10(abs(flux)) if flux else None,
            stored=bool(source.get("diaObjectId")),
        )

    def geometry(self, packet: Packet, cutout: Cutout) -> Geometry:
        """Put the object's mean position into the centre, and north up."""
        if packet.mean_ra is None or packet.mean_dec is None:
            return Geometry.plain(cutout.image.shape, _PIXEL_SCALE)
        found = Geometry.from_wcs(cutout.header, packet.mean_ra, packet.mean_dec)
        return found or Geometry.plain(cutout.image.shape, _PIXEL_SCALE)


def _object_id(source: Mapping[str, Any], epoch_id: str) -> str:
    """Solar-system detections have no diaObject: without names of their own they would share one history."""
    if source.get("diaObjectId"):
        return identifier("diaSource.diaObjectId", source["diaObjectId"])
    if source.get("ssObjectId"):
        return f"ss:{identifier('diaSource.ssObjectId', source['ssObjectId'])}"
    return f"src:{epoch_id}"


def _polarity(source: Mapping[str, Any]) -> int | None:
    negative = source.get("isNegative")
    return (-1 if negative else 1) if isinstance(negative, bool) else None


def _seeing(source: Mapping[str, Any]) -> float | None:
    xx, yy = number(source.get("ixxPSF")), number(source.get("iyyPSF"))
    variance = None if xx is None or yy is None else positive(0.5 * (xx + yy))
    return None if variance is None else _SIGMA_TO_FWHM * math.sqrt(variance)
