"""ZTF's alerts: object containers, schemas 3.0 to 4.02."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import erfa

from broker.geometry import Geometry, SkyFrame
from broker.packet import Packet
from broker.surveys.fields import group, identifier, image, number, positive, record, same_identifier
from broker.surveys.survey import Facts

if TYPE_CHECKING:
    from broker.cutout import Cutout
    from schemas.framing import Framed

_BANDS: dict[float | None, str] = {1: "g", 2: "r", 3: "i"}
_EXPOSURE = 30.0
_PIXEL_SCALE = 1.01
_JULIAN_TO_MODIFIED = 2400000.5
_SECONDS_A_DAY = 86400.0
#: The year 2132 [MJD]: what lies beyond is damage, and leap seconds are not defined for it.
_END_OF_TIME = 100_000.0
#: d(magnitude)/d(ln flux): 2.5 / ln 10.
_MAGNITUDES_A_LOG_UNIT = 1.0857
#: By `isdiffpos`.
_POLARITIES = {"t": 1, "1": 1, "f": -1, "0": -1}


class Ztf:
    """The Zwicky Transient Facility."""

    name = "ztf"
    facts = Facts(
        object_id="objectId",
        epoch_id="candid",
        difference_sign="flipped where isdiffpos is f or 0 (83 of 84 such cutouts anticorrelate with the change)",
        orientation="rows and columns of the CCD, which never rotates; north is unproved, so none is claimed",
        time="jd is UTC at the start of the exposure",
        units="DN",
        zero_point="magzpsci, of the science image",
        missing_pixels="NaN, or -3.4e38 in some references; stamps at a CCD's edge are smaller",
        pixel_scale=_PIXEL_SCALE,
        frame=SkyFrame(63, _PIXEL_SCALE),
        exposure_time=_EXPOSURE,
        seeing=2.0,
    )

    def recognises(self, framed: Framed) -> bool:
        """Whether the record has what a ZTF alert has; brokers that republish them change the record's name."""
        return {"objectId", "candid", "candidate", "cutoutScience"} <= set(framed.schema.fields)

    def packet(self, framed: Framed) -> Packet:
        """Read one record; raises UnreadableError where it cannot be read."""
        fields = record(
            framed, ("objectId", "candid", "candidate", "cutoutScience", "cutoutTemplate", "cutoutDifference")
        )
        candidate = group(fields["candidate"])
        epoch_id = identifier("candid", fields["candid"])
        same_identifier("candidate.candid", candidate.get("candid"), epoch_id)
        ra, dec = number(candidate.get("ra")), number(candidate.get("dec"))
        exposure = positive(candidate.get("exptime")) or _EXPOSURE
        error = positive(candidate.get("sigmapsf"))
        polarity = _POLARITIES.get(str(candidate.get("isdiffpos")))
        return Packet(
            survey=self,
            framed=framed,
            object_id=identifier("objectId", fields["objectId"]),
            epoch_id=epoch_id,
            band=_BANDS.get(number(candidate.get("fid"))),
            mjd=_mid_exposure_tai(number(candidate.get("jd")), exposure),
            ra=ra,
            dec=dec,
            mean_ra=ra,
            mean_dec=dec,
            exposure_time=exposure,
            science=_stamp(fields["cutoutScience"]),
            reference=_stamp(fields["cutoutTemplate"]),
            difference=_stamp(fields["cutoutDifference"]),
            difference_sign=-1 if polarity == -1 else 1,
            polarity=polarity,
            snr=_MAGNITUDES_A_LOG_UNIT / error if error else None,
            magnitude=number(candidate.get("magpsf")),
        )

    def geometry(self, packet: Packet, cutout: Cutout) -> Geometry:  # noqa: ARG002  the interface's
        """Frame the stamp as it is: the packet has no world coordinates, and ZTF centres on the alert."""
        return Geometry.plain(cutout.image.shape, _PIXEL_SCALE)


def _mid_exposure_tai(start_utc_jd: float | None, exposure: float) -> float | None:
    if start_utc_jd is None:
        return None
    mjd_utc = start_utc_jd - _JULIAN_TO_MODIFIED + 0.5 * exposure / _SECONDS_A_DAY
    if not 0.0 <= mjd_utc < _END_OF_TIME:
        return None
    tai = erfa.utctai(_JULIAN_TO_MODIFIED, mjd_utc)
    return float(tai[0] - _JULIAN_TO_MODIFIED + tai[1])


def _stamp(cutout: Any) -> bytes | None:
    return image(group(cutout).get("stampData"))
