"""Images as own stamps: FITS with one image or a triplet, PNG, JPEG.

The HDUs ``SCIENCE``, ``REFERENCE`` (or ``TEMPLATE``), ``DIFFERENCE`` and ``MASK`` make a triplet; of a file without
such names the first image is the science image. A header may tell ``OBJECTID`` (without it the file's name is the
object's), ``FILTER``, ``EXPTIME`` [s], ``SEEING`` [arcsec], the time as ``MJD-AVG``, ``MJD-OBS`` or ``DATE-OBS`` (the
latter two at the start, ``TIMESYS`` or UTC), and the sky as linear world coordinates; the object is in the middle.
"""

from __future__ import annotations

import gzip
import io
import json
import math
import warnings
import zlib
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import fastavro
import numpy as np

import schemas
from broker.cutout import MAX_BANDS, MAX_SIDE, MIN_SIDE
from broker.surveys.fields import positive
from schemas.errors import StampError, StampReason
from schemas.framing import container

if TYPE_CHECKING:
    from collections.abc import Mapping

    from astropy.io.fits import HDUList, Header
    from numpy.typing import NDArray

#: Of an unpacked file [bytes]: five cubes of the largest sides in doubles.
LARGEST = 5 * 8 * MAX_BANDS * MAX_SIDE**2
_NAMES = {"SCIENCE": "science", "REFERENCE": "reference", "TEMPLATE": "reference", "DIFFERENCE": "difference",
          "MASK": "mask"}  # fmt: skip
_LONGEST_ID = 128


def fits_stamp(file: Path) -> bytes:
    """Return a FITS file as a container of one `EpochStamp`.

    Raises
    ------
    StampError
        It is damaged, too large, or holds no image.
    """
    from astropy.io import fits

    plain = _unpacked(file)
    try:
        with warnings.catch_warnings(), fits.open(io.BytesIO(plain), memmap=False) as hdus:
            warnings.simplefilter("ignore")
            named = _named(hdus)
            first = named.get("science") or next((hdu for hdu in hdus if hdu.is_image and len(hdu.shape) > 1), None)
            if first is None:
                raise StampError(StampReason.CORRUPT, "no image in the file")
            facts = _facts(first.header, {**hdus[0].header, **first.header}, Path(file.name.removesuffix(".gz")).stem)
            images = {name: _fits(hdu.data, hdu.header) for name, hdu in named.items()}
    except StampError:
        raise
    except Exception as error:  # a boundary: on damaged bytes astropy raises nearly anything
        raise StampError(StampReason.CORRUPT, f"{type(error).__name__}: {error}") from error
    return _stamp({**facts, "science": plain, **images})


def picture_stamp(file: Path) -> bytes:
    """Return a PNG or JPEG as a container of one `EpochStamp`.

    Raises
    ------
    StampError
        As of `picture_pixels`.
    """
    science = _fits(picture_pixels(file))
    return _stamp({"objectId": _identifier(file.stem), "epochId": _identifier(file.stem), "science": science})


def picture_pixels(file: Path) -> NDArray[np.float32]:
    """Read a PNG or JPEG as a stamp; one that is too large is made smaller.

    Returns
    -------
    float32 array (rows, columns), or (3, rows, columns) of one in colour
        Blue, green, red: bands in the order of wavelength. Row 0 is the lowest, as in FITS.

    Raises
    ------
    StampError
        It is damaged or too small.
    """
    from PIL import Image

    try:
        with Image.open(file) as picture:
            picture.thumbnail((MAX_SIDE, MAX_SIDE))
            grey = picture.mode in {"1", "L", "LA", "I", "I;16", "F"}
            pixels = np.asarray(picture.convert("F" if grey else "RGB"), np.float32)
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        raise StampError(StampReason.CORRUPT, f"{type(error).__name__}: {error}") from error
    upwards = pixels[::-1] if grey else np.moveaxis(pixels[::-1, :, ::-1], -1, 0)
    _check(upwards.shape)
    return np.ascontiguousarray(upwards)


def _unpacked(file: Path) -> bytes:
    with file.open("rb") as stream:
        packed = stream.read(2) == b"\x1f\x8b"
        stream.seek(0)
        try:
            plain = gzip.GzipFile(fileobj=stream).read(LARGEST + 1) if packed else stream.read(LARGEST + 1)
        except (OSError, EOFError, zlib.error) as error:
            raise StampError(StampReason.CORRUPT, f"gzip: {error}") from error
    if len(plain) > LARGEST:
        raise StampError(StampReason.SIZE, f"more than {LARGEST} bytes: no stamps of up to {MAX_SIDE} px")
    return plain


def _named(hdus: HDUList) -> dict[str, Any]:
    """Return the images of a triplet by their names here; none where there is no science image among them."""
    from astropy.io.fits import CompImageHDU

    found: dict[str, Any] = {}
    for hdu in hdus:
        name = _NAMES.get(hdu.name.upper())
        if name is None or not hdu.is_image or len(hdu.shape) < 2:
            continue
        if isinstance(hdu, CompImageHDU):  # its decoders believe what the file says
            raise StampError(StampReason.CORRUPT, f"{hdu.name}: tile compression is not read in triplets")
        _check(hdu.shape)  # before the pixels are touched: a header may claim any size
        found.setdefault(name, hdu)
    return found if "science" in found else {}


def _check(shape: tuple[int, ...]) -> None:
    if not all(MIN_SIDE <= side <= MAX_SIDE for side in shape[-2:]) or math.prod(shape[:-2]) > MAX_BANDS:
        raise StampError(
            StampReason.SIZE, f"shape {shape}: sides of {MIN_SIDE} to {MAX_SIDE} px and {MAX_BANDS} bands are read"
        )


def _facts(own: Header, header: Mapping[str, Any], stem: str) -> dict[str, Any]:
    from astropy.wcs import WCS
    from astropy.wcs.utils import proj_plane_pixel_scales

    exposure = positive(header.get("EXPTIME"))
    facts = {
        "objectId": _identifier(str(header.get("OBJECTID") or stem)),
        "epochId": _identifier(stem),
        "band": str(header["FILTER"]) if header.get("FILTER") else None,
        "mjd": _mid_exposure(header, exposure or 0.0),
        "exposureTime": exposure,
        "psfFwhm": positive(header.get("SEEING")),
    }
    wcs = WCS(own, naxis=2)
    if wcs.has_celestial:
        ra, dec = wcs.wcs_pix2world([[(own["NAXIS1"] - 1) / 2, (own["NAXIS2"] - 1) / 2]], 0)[0]
        facts |= {"ra": float(ra), "dec": float(dec)}
        facts["pixelScale"] = float(np.mean(proj_plane_pixel_scales(wcs))) * 3600.0
    return facts


def _mid_exposure(header: Mapping[str, Any], exposure: float) -> float | None:
    """MJD in TAI of the middle of the exposure [d]."""
    from astropy.time import Time

    scale = str(header.get("TIMESYS", "UTC")).lower()
    for keyword, half, form in (("MJD-AVG", 0.0, "mjd"), ("MJD-OBS", 0.5, "mjd"), ("DATE-OBS", 0.5, "isot")):
        if header.get(keyword):
            return float((Time(header[keyword], format=form, scale=scale).tai).mjd + half * exposure / 86400.0)
    return None


def _identifier(text: str) -> str:
    """Return what `broker.surveys.fields.identifier` takes: a file's name may have any letters."""
    return text.encode("ascii", "backslashreplace").decode()[:_LONGEST_ID]


def _fits(pixels: NDArray[Any], header: Header | None = None) -> bytes:
    from astropy.io import fits

    buffer = io.BytesIO()
    hdu = fits.PrimaryHDU(np.asarray(pixels, np.float32))
    if header is not None:
        hdu.header.extend(header, unique=True, update=False, strip=True)
    hdu.writeto(buffer, output_verify="silentfix")
    return buffer.getvalue()


@cache
def _schema() -> tuple[Any, str]:
    """Return the schema of an `EpochStamp` of which nothing need be known but the pixels, and its text."""
    schema = schemas.load("epoch_stamp")
    fields = [
        {**one, "type": one["type"] if isinstance(one["type"], list) else ["null", one["type"]], "default": None}
        for one in schema["fields"]
    ]
    every = {**schema, "fields": fields}
    return fastavro.parse_schema(every), json.dumps(every)


def _stamp(record: dict[str, Any]) -> bytes:
    parsed, text = _schema()
    buffer = io.BytesIO()
    fastavro.schemaless_writer(buffer, parsed, record)
    return container(text, buffer.getvalue())
