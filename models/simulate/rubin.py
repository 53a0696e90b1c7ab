"""Writes simulated alerts in Rubin's packet format: Avro bodies in Confluent's wire format.

The schema is the project's own, written with the public names of the fields that
matter, under the full name of the version that it can stand for.
"""

from __future__ import annotations

import io
import json
import struct
from pathlib import Path
from typing import Any

import numpy as np

from models.simulate.camera import RUBIN
from models.simulate.exposure import Stamps
from models.simulate.fits import Value, hdu
from models.simulate.night import MOVERS, Epoch

MAJOR, MINOR = 10, 0
SCHEMA_ID = 100 * MAJOR + MINOR
NIGHT = 20251121
DETECTOR = 94

_SOURCE = {
    "type": "record",
    "name": "diaSource",
    "fields": [
        {"name": "diaSourceId", "type": "long", "doc": "this detection"},
        {"name": "visit", "type": "long", "doc": "exposure"},
        {"name": "detector", "type": "int"},
        {"name": "diaObjectId", "type": ["null", "long"], "default": None, "doc": "null or 0: none"},
        {"name": "ssObjectId", "type": ["null", "long"], "default": None, "doc": "null or 0: none"},
        {"name": "midpointMjdTai", "type": "double", "doc": "mid-exposure, TAI [d]"},
        {"name": "ra", "type": "double", "doc": "[deg]"},
        {"name": "dec", "type": "double", "doc": "[deg]"},
        {"name": "x", "type": "float", "doc": "on the detector [px]"},
        {"name": "y", "type": "float", "doc": "on the detector [px]"},
        {"name": "isNegative", "type": "boolean", "doc": "whether it faded"},
        {"name": "snr", "type": ["null", "float"], "default": None},
        {"name": "psfFlux", "type": ["null", "float"], "default": None, "doc": "of the difference [nJy]"},
        {"name": "psfFluxErr", "type": ["null", "float"], "default": None, "doc": "[nJy]"},
        {"name": "band", "type": ["null", "string"], "default": None},
    ],
}
_OBJECT = {
    "type": "record",
    "name": "diaObject",
    "fields": [
        {"name": "diaObjectId", "type": "long"},
        {"name": "ra", "type": "double", "doc": "mean [deg]"},
        {"name": "dec", "type": "double", "doc": "mean [deg]"},
        {"name": "nDiaSources", "type": "int", "doc": "detections so far"},
    ],
}
_MOVING = {
    "type": "record",
    "name": "ssSource",
    "fields": [{"name": "diaSourceId", "type": "long"}, {"name": "ssObjectId", "type": "long"}],
}
SCHEMA = {
    "type": "record",
    "name": "alert",
    "namespace": f"lsst.v{MAJOR}_{MINOR}",
    "doc": "A simulated alert in the manner of Rubin's; not the survey's schema",
    "fields": [
        {"name": "diaSourceId", "type": "long"},
        {"name": "diaSource", "type": _SOURCE},
        {
            "name": "prvDiaSources",
            "type": ["null", {"type": "array", "items": f"lsst.v{MAJOR}_{MINOR}.diaSource"}],
            "default": None,
        },
        {"name": "diaObject", "type": ["null", _OBJECT], "default": None},
        {"name": "ssSource", "type": ["null", _MOVING], "default": None},
        {"name": "cutoutDifference", "type": ["null", "bytes"], "default": None, "doc": "FITS"},
        {"name": "cutoutScience", "type": ["null", "bytes"], "default": None, "doc": "FITS"},
        {"name": "cutoutTemplate", "type": ["null", "bytes"], "default": None, "doc": "FITS"},
    ],
}


def save_schema(folder: Path) -> Path:
    """Put the schema where a reader of files finds it by its id.

    Parameters
    ----------
    folder : Path
        Made where it is not there.

    Returns
    -------
    Path
        The file.
    """
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"lsst.v{MAJOR}_{MINOR}.alert.avsc"
    path.write_text(json.dumps(SCHEMA, indent=1))
    return path


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
            The object id as Sosia reads it: a moving object's begins with ``ss:``.
        """
        from fastavro import schemaless_writer

        one, visit = epoch.object, epoch.visit
        moving = one.kind in MOVERS
        exposure = NIGHT * 100_000 + visit.number
        number = 9_000_000_000_000_000 + one.number
        source_id = exposure % 10_000_000_000 * 10_000_000 + one.number
        jitter = rng.normal(0, 0.02 / 3600, 2)
        x, y = rng.uniform(100, 3900, 2)
        source: dict[str, Any] = {
            "diaSourceId": source_id,
            "visit": exposure,
            "detector": DETECTOR,
            "diaObjectId": 0 if moving else number,
            "ssObjectId": number if moving else 0,
            "midpointMjdTai": visit.mjd,
            "ra": one.ra + jitter[0] / np.cos(np.radians(one.dec)),
            "dec": one.dec + jitter[1],
            "x": float(x),
            "y": float(y),
            "isNegative": stamps.flux < 0,
            "snr": stamps.snr,
            "psfFlux": stamps.flux,
            "psfFluxErr": stamps.flux_error,
            "band": visit.band,
        }
        earlier = self._earlier.setdefault(one.number, [])
        record = {
            "diaSourceId": source_id,
            "diaSource": source,
            "prvDiaSources": list(earlier) or None,
            "diaObject": None
            if moving
            else {"diaObjectId": number, "ra": one.ra, "dec": one.dec, "nDiaSources": len(earlier) + 1},
            "ssSource": {"diaSourceId": source_id, "ssObjectId": number} if moving else None,
            # Blurred to the seeing, the reference adds next to nothing to the difference's noise.
            "cutoutDifference": _cutout(stamps.difference, stamps.science_variance, stamps, source, visit.rotation),
            "cutoutScience": _cutout(stamps.science, stamps.science_variance, stamps, source, visit.rotation),
            "cutoutTemplate": _cutout(stamps.reference, stamps.reference_variance, stamps, source, visit.rotation),
        }
        earlier.append(source)
        packet = io.BytesIO(struct.pack(">bI", 0, SCHEMA_ID))
        packet.seek(0, io.SEEK_END)
        schemaless_writer(packet, self._schema, record)
        return (f"ss:{number}" if moving else str(number)), str(source_id), packet.getvalue()


def _cutout(
    image: np.ndarray[tuple[int, int], np.dtype[np.float32]],
    variance: np.ndarray[tuple[int, int], np.dtype[np.float32]],
    stamps: Stamps,
    source: dict[str, Any],
    rotation: float,
) -> bytes:
    """Write image, variance and PSF, with as much of a WCS as Rubin sends: no CTYPE."""
    # Pixels to degrees: the inverse of the stamp's own map, which is its own inverse but for the scale.
    east_x, north_x, east_y, north_y = (float(m) * RUBIN.pixel_scale**2 / 3600 for m in stamps.matrix)
    cards: dict[str, Value] = {
        "CUTMINX": round(source["x"] - stamps.x),
        "CUTMINY": round(source["y"] - stamps.y),
        "ROTPA": rotation,
        "BUNIT": "nJy",
        "WCSAXES": 2,
        "CRPIX1": stamps.x + 1,
        "CRPIX2": stamps.y + 1,
        "PC1_1": east_x,
        "PC1_2": east_y,
        "PC2_1": north_x,
        "PC2_2": north_y,
        "CDELT1": 1.0,
        "CDELT2": 1.0,
        "CRVAL1": source["ra"],
        "CRVAL2": source["dec"],
        "LATPOLE": 90.0,
        "MJDREF": 0.0,
    }
    units = [hdu(image, {"EXTEND": True, **cards}), hdu(variance, {"UTYPE": "VarianceUncertainty"}, extension="UNCERT")]
    return b"".join([*units, hdu(stamps.psf, extension="PSFIMAGE")])
