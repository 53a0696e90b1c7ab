"""Writes simulated alerts in ZTF's packet format: Avro object container files.

The schema is the project's own, with the public names of the fields that matter;
labels that nobody can give a simulated alert (``rb``, ``drb``) are left out.
"""

from __future__ import annotations

import gzip
import io
from typing import Any

import numpy as np
import numpy.typing as npt

from models.simulate.camera import ZTF
from models.simulate.exposure import Stamps
from models.simulate.fits import hdu
from models.simulate.night import Epoch

FILTER_IDS = {"g": 1, "r": 2, "i": 3}
FIELD = 570
QUADRANT = 23
FIRST_NIGHT = 57754  # ZTF counts nights from 2017-01-01 [MJD]
TAI_MINUS_UTC = 37.0  # [s], since 2017
DAY = 86400.0

_DETECTION = [
    {"name": "jd", "type": "double", "doc": "start of the exposure, UTC [d]"},
    {"name": "fid", "type": "int", "doc": "filter: 1 g, 2 r, 3 i"},
    {"name": "pid", "type": "long", "doc": "exposure and quadrant"},
    {"name": "diffmaglim", "type": ["null", "float"], "default": None, "doc": "5-sigma limit [mag]"},
    {"name": "programid", "type": "int", "doc": "1 is public"},
    {"name": "candid", "type": ["null", "long"], "default": None, "doc": "this detection"},
    {"name": "isdiffpos", "type": ["null", "string"], "default": None, "doc": "t brightened, f faded"},
    {"name": "ra", "type": ["null", "double"], "default": None, "doc": "[deg]"},
    {"name": "dec", "type": ["null", "double"], "default": None, "doc": "[deg]"},
    {"name": "magpsf", "type": ["null", "float"], "default": None, "doc": "of the difference's size [mag]"},
    {"name": "sigmapsf", "type": ["null", "float"], "default": None, "doc": "[mag]"},
]
_CANDIDATE = [
    *_DETECTION,
    {"name": "field", "type": ["null", "int"], "default": None, "doc": "sky field"},
    {"name": "rcid", "type": ["null", "int"], "default": None, "doc": "readout quadrant"},
    {"name": "xpos", "type": ["null", "float"], "default": None, "doc": "in the quadrant [px]"},
    {"name": "ypos", "type": ["null", "float"], "default": None, "doc": "in the quadrant [px]"},
    {"name": "fwhm", "type": ["null", "float"], "default": None, "doc": "[px]"},
    {"name": "magzpsci", "type": ["null", "float"], "default": None, "doc": "zero point [mag]"},
    {"name": "exptime", "type": ["null", "float"], "default": None, "doc": "[s]"},
]
_CUTOUT = {
    "type": "record",
    "name": "cutout",
    "fields": [{"name": "fileName", "type": "string"}, {"name": "stampData", "type": "bytes", "doc": "gzipped FITS"}],
}
SCHEMA = {
    "type": "record",
    "name": "alert",
    "namespace": "ztf",
    "doc": "A simulated alert in the manner of ZTF's; not the survey's schema",
    "fields": [
        {"name": "schemavsn", "type": "string"},
        {"name": "publisher", "type": "string"},
        {"name": "objectId", "type": "string"},
        {"name": "candid", "type": "long"},
        {"name": "candidate", "type": {"type": "record", "name": "candidate", "fields": _CANDIDATE}},
        {
            "name": "prv_candidates",
            "type": [
                "null",
                {"type": "array", "items": {"type": "record", "name": "prv_candidate", "fields": _DETECTION}},
            ],
            "default": None,
        },
        {"name": "cutoutScience", "type": ["null", _CUTOUT], "default": None},
        {"name": "cutoutTemplate", "type": ["null", "ztf.cutout"], "default": None},
        {"name": "cutoutDifference", "type": ["null", "ztf.cutout"], "default": None},
    ],
}


def object_id(number: int) -> str:
    """Return an id of ZTF's length that no real object has."""
    letters = ""
    for _ in range(7):
        number, letter = divmod(number, 26)
        letters = chr(ord("a") + letter) + letters
    return f"SIM25{letters}"


class Writer:
    """Writes one night's packets, each with its object's earlier detections."""

    def __init__(self) -> None:
        from fastavro import parse_schema

        self._schema = parse_schema(SCHEMA)
        self._earlier: dict[int, list[dict[str, Any]]] = {}

    def write(self, epoch: Epoch, stamps: Stamps, rng: np.random.Generator) -> tuple[str, str, bytes]:
        """Write one alert.

        Returns
        -------
        (object id, epoch id, packet)
        """
        from fastavro import writer

        one, visit = epoch.object, epoch.visit
        night, fraction = divmod(visit.mjd - FIRST_NIGHT, 1.0)
        exposure = (int(night) * 100_000 + int(fraction * 100_000)) * 10_000 + QUADRANT * 100 + 15
        candid = exposure * 1_000_000 + one.number
        jitter = rng.normal(0, 0.1 / 3600, 2)
        detection: dict[str, Any] = {
            "jd": visit.mjd - (TAI_MINUS_UTC + ZTF.exposure_time / 2) / DAY + 2_400_000.5,
            "fid": FILTER_IDS[visit.band],
            "pid": exposure,
            "diffmaglim": ZTF.magnitude(5 * stamps.flux_error),
            "programid": 1,
            "candid": candid,
            "isdiffpos": "t" if stamps.flux > 0 else "f",
            "ra": one.ra + jitter[0] / np.cos(np.radians(one.dec)),
            "dec": one.dec + jitter[1],
            "magpsf": ZTF.magnitude(stamps.flux),
            "sigmapsf": 1.0857 / stamps.snr,
        }
        earlier = self._earlier.setdefault(one.number, [])
        record = {
            "schemavsn": "4.02",
            "publisher": "Sosia (simulated)",
            "objectId": object_id(one.number),
            "candid": candid,
            "candidate": {
                **detection,
                "field": FIELD,
                "rcid": QUADRANT,
                "xpos": float(rng.uniform(40, 3030)),
                "ypos": float(rng.uniform(40, 3040)),
                "fwhm": visit.seeing / ZTF.pixel_scale,
                "magzpsci": ZTF.zero_point,
                "exptime": ZTF.exposure_time,
            },
            "prv_candidates": list(earlier) or None,
            "cutoutScience": _cutout(f"candid{candid}_sci.fits.gz", stamps.science),
            "cutoutTemplate": _cutout(f"candid{candid}_ref.fits.gz", stamps.reference),
            # As ZTF does it: the difference of a source that faded is sent with its sign turned.
            "cutoutDifference": _cutout(
                f"candid{candid}_diff.fits.gz", stamps.difference if stamps.flux > 0 else -stamps.difference
            ),
        }
        earlier.append(detection)
        packet = io.BytesIO()
        # A marker of our own, or the same seed would not give the same bytes.
        writer(packet, self._schema, [record], sync_marker=candid.to_bytes(16, "big"))
        return object_id(one.number), str(candid), packet.getvalue()


def _cutout(name: str, image: npt.NDArray[np.float32]) -> dict[str, Any]:
    return {"fileName": name, "stampData": gzip.compress(hdu(image, {"BUNIT": "DN"}), 1, mtime=0)}
