"""FITS bytes in, one image stamp out: bounded in memory, and no bytes can raise anything but a StampError.

A plain file (uncompressed, unscaled HDUs; all that ZTF and Rubin send) is read by a scan of its
80-byte cards and ``numpy.frombuffer``, some thirty times faster than astropy; whatever is unusual
goes to astropy within the same limits.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import islice
from math import prod
from typing import TYPE_CHECKING, Any

import numpy as np

from broker.cutout_limits import (
    MAX_BANDS,
    MAX_BYTES,
    MAX_HDUS,
    MAX_SIDE,
    MIN_SIDE,
    Header,
    check_shape,
    corrupt,
    inflate,
)
from broker.unusual_fits import read_with_astropy
from schemas.errors import StampError, StampReason

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

__all__ = ["MAX_BANDS", "MAX_BYTES", "MAX_SIDE", "MIN_SIDE", "Cutout", "Header", "read_cutout"]

_LARGEST = 1e30
"""Beyond it a pixel counts as missing: ZTF's references mark such by -3.4e38, and no sum of these fits a float32."""

_BLOCK, _CARD = 2880, 80
_DTYPES = {8: ">u1", 16: ">i2", 32: ">i4", 64: ">i8", -32: ">f4", -64: ">f8"}
_USUAL = {"BSCALE": 1, "BZERO": 0, "PCOUNT": 0, "GCOUNT": 1}
_VALUE = re.compile(
    rb" *(?:'(?P<text>(?:[^']|'')*)'|(?P<truth>[TF])|(?P<whole>[+-]?\d{1,18})"
    rb"|(?P<real>[+-]?(?:\d+\.\d*|\.?\d+)(?:[ED][+-]?\d+)?))? *(?:/.*)?",
    re.DOTALL,
)


@dataclass(frozen=True, slots=True, eq=False)
class Cutout:
    """One image stamp, as the survey cut it.

    Attributes
    ----------
    image : float32 array (rows, columns) or (bands, rows, columns)
        Row 0 is the first in the file, as in astropy. A missing pixel is NaN; infinities, and what is beyond
        1e30, are missing.
    header : mapping
        The cards of the image's HDU; comments are left out.
    variance : float32 array or None
        Of the shape of ``image``: the HDU ``UNCERT``.
    psf : float32 array (rows, columns) or None
        The HDU ``PSFIMAGE``.
    """

    image: NDArray[np.float32]
    header: Header
    variance: NDArray[np.float32] | None = None
    psf: NDArray[np.float32] | None = None


class _UnusualError(Exception):
    """Perhaps good FITS, but not of the plain kind: astropy is to judge."""


def read_cutout(data: bytes) -> Cutout:
    """Read one stamp.

    Parameters
    ----------
    data : bytes
        A FITS file, gzipped or not.

    Returns
    -------
    Cutout

    Raises
    ------
    StampError
        ``MISSING`` for no bytes, ``CORRUPT`` for what is not a whole FITS image or too large when
        unpacked, ``SIZE`` for a side outside 8 to 512 px or more than three bands, ``BLANK``
        where no pixel is finite.
    """
    if not data:
        raise StampError(StampReason.MISSING, "no bytes")
    plain = inflate(data, MAX_BYTES) if data.startswith(b"\x1f\x8b") else data
    if len(plain) > MAX_BYTES:
        raise corrupt(f"more than {MAX_BYTES} bytes")
    if not plain.startswith(b"SIMPLE  ="):  # also keeps astropy from unpacking a second layer, unbounded
        raise corrupt("does not start as a FITS file does")
    try:
        return _assemble(_scan(plain))
    except _UnusualError:
        return _assemble(iter(read_with_astropy(plain)))


def _scan(plain: bytes) -> Iterator[tuple[Header, NDArray[Any]]]:
    """Header and pixels of every HDU; raises _UnusualError before anything that it does not know."""
    position = 0
    while position == 0 or plain.startswith(b"XTENSION", position):
        header, position = _read_header(plain, position)
        shape, dtype = _layout(header)
        size = np.dtype(dtype).itemsize * prod(shape)
        if position + size > len(plain):
            raise corrupt(f"the file ends {position + size - len(plain)} bytes before its pixels do")
        yield header, np.frombuffer(plain, dtype, prod(shape), position).reshape(shape)
        position += -(-size // _BLOCK) * _BLOCK


def _read_header(plain: bytes, start: int) -> tuple[Header, int]:
    """Parse the cards from ``start``; also returns where the pixels begin."""
    header: dict[str, str | int | float | bool] = {}
    for position in range(start, len(plain) - _CARD + 1, _CARD):
        card = plain[position : position + _CARD]
        keyword = card[:8].rstrip()
        if keyword == b"END":
            return header, start - (start - position - _CARD) // _BLOCK * _BLOCK
        if keyword in (b"CONTINUE", b"HIERARCH"):
            raise _UnusualError
        if card[8:10] != b"= ":
            continue  # a comment
        value = _VALUE.fullmatch(card, 10)
        if value is None or not keyword.isascii():
            raise _UnusualError
        name = keyword.decode()
        match value.lastgroup:
            case "text":
                header[name] = value["text"].replace(b"''", b"'").decode("latin-1").rstrip()
            case "truth":
                header[name] = value["truth"] == b"T"
            case "whole":
                header[name] = int(value["whole"])
            case "real":
                header[name] = float(value["real"].replace(b"D", b"E"))
    raise corrupt("a header has no end")


def _layout(header: Header) -> tuple[tuple[int, ...], str]:
    """Shape (slowest axis first, as numpy has it) and type of an HDU's pixels."""
    if header.get("XTENSION", "IMAGE") != "IMAGE" or "BLANK" in header:
        raise _UnusualError
    if any(header.get(key, usual) != usual for key, usual in _USUAL.items()):
        raise _UnusualError
    axes, dtype = header.get("NAXIS"), _DTYPES.get(_whole(header.get("BITPIX")))
    if dtype is None or axes not in (2, 3) or header.get("GROUPS") is True:
        raise _UnusualError
    shape = tuple(_whole(header.get(f"NAXIS{axis}")) for axis in range(_whole(axes), 0, -1))
    if min(shape) < 1:
        raise _UnusualError
    return shape, dtype


def _whole(value: object) -> int:
    """Return an integer card's value; 0, never valid here, for any other."""
    return value if isinstance(value, int) and not isinstance(value, bool) else 0


def _assemble(hdus: Iterator[tuple[Header, NDArray[Any]]]) -> Cutout:
    """Take the first image for the stamp, and the variance and PSF among those that follow."""
    header, pixels = next(hdus, (None, None))
    if header is None or pixels is None:
        raise corrupt("no image in the file")
    check_shape(pixels.shape)
    image = _native(pixels[0] if pixels.shape[:-2] == (1,) else pixels)
    if np.isnan(image).all():
        raise StampError(StampReason.BLANK, "no pixel is finite")
    variance = psf = None
    for extension, plane in islice(hdus, MAX_HDUS - 1):
        match extension.get("EXTNAME"):
            case "UNCERT" if extension.get("UTYPE", "VarianceUncertainty") == "VarianceUncertainty":
                variance = _native(plane)
            case "PSFIMAGE" if plane.ndim == 2 and max(plane.shape) <= MAX_SIDE:
                psf = _native(plane)
    if variance is not None and variance.shape != image.shape:
        raise corrupt(f"variance of shape {variance.shape} for an image of {image.shape}")
    return Cutout(image, header, variance, psf)


def _native(pixels: NDArray[Any]) -> NDArray[np.float32]:
    """Copy to native float32, and what is no measurement to NaN."""
    with np.errstate(over="ignore", invalid="ignore"):
        image = np.array(pixels, dtype=np.float32)
    image[np.abs(image) > _LARGEST] = np.nan
    return image
