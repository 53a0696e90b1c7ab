"""FITS bytes in, one image stamp out: bounded in memory, and no bytes can raise anything but a StampError.

A plain file (uncompressed, unscaled HDUs; all that ZTF and Rubin send) is read by a scan of its
80-byte cards and ``numpy.frombuffer``, some thirty times faster than astropy; whatever is unusual
goes to astropy within the same limits.
"""

from __future__ import annotations

import io
import re
import warnings
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from math import prod
from typing import TYPE_CHECKING, Any

import numpy as np

from schemas.errors import StampError, StampReason

if TYPE_CHECKING:
    from numpy.typing import NDArray

MIN_SIDE, MAX_SIDE, MAX_BANDS = 8, 512, 3
"""Accepted sides [px] and bands of an image."""

MAX_BYTES = 16 * 2**20
"""A cube of three 512 px doubles with its variance is 12.6 MB; anything larger is a bomb."""

MAX_UNUSUAL_BYTES = 4 * 2**20
"""Of a file that astropy reads: its headers take ten times as long."""

_LARGEST = 1e30
"""Beyond it a pixel counts as missing: ZTF's references mark such by -3.4e38, and no sum of these fits a float32."""

_MAX_HDUS = 8
_MAX_CARDS = 5000
#: What astropy counts up to, one by one, whatever the file's size.
_COUNTED = re.compile(rb"(?:Z?NAXIS|TFIELDS) *= *\+?(\d+)", re.IGNORECASE)
_MAX_COUNTED = 999
#: Text where a number belongs, which astropy multiplies by the others: 4 GB of it.
_TEXT_SIZE = re.compile(rb"(?:Z?NAXIS\d*|[PG]COUNT|Z?BITPIX) *= *'", re.IGNORECASE)
_BLOCK, _CARD = 2880, 80
_DTYPES = {8: ">u1", 16: ">i2", 32: ">i4", 64: ">i8", -32: ">f4", -64: ">f8"}
_USUAL = {"BSCALE": 1, "BZERO": 0, "PCOUNT": 0, "GCOUNT": 1}
_VALUE = re.compile(
    rb" *(?:'(?P<text>(?:[^']|'')*)'|(?P<truth>[TF])|(?P<whole>[+-]?\d{1,18})"
    rb"|(?P<real>[+-]?(?:\d+\.\d*|\.?\d+)(?:[ED][+-]?\d+)?))? *(?:/.*)?",
    re.DOTALL,
)

Header = Mapping[str, str | int | float | bool]


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
    plain = _inflate(data, MAX_BYTES) if data.startswith(b"\x1f\x8b") else data
    if len(plain) > MAX_BYTES:
        raise _corrupt(f"more than {MAX_BYTES} bytes")
    if not plain.startswith(b"SIMPLE  ="):  # also keeps astropy from unpacking a second layer, unbounded
        raise _corrupt("does not start as a FITS file does")
    try:
        return _assemble(_scan(plain))
    except _UnusualError:
        return _assemble(iter(_read_with_astropy(plain)))


def _corrupt(detail: str) -> StampError:
    return StampError(StampReason.CORRUPT, detail)


def _inflate(data: bytes, limit: int) -> bytes:
    """Undo gzip, stopping at ``limit`` bytes; zlib checks length and CRC at the end."""
    inflater = zlib.decompressobj(wbits=zlib.MAX_WBITS | 16)
    try:
        plain = inflater.decompress(data, limit)
        if not inflater.eof:  # what ends exactly at the limit still has its trailer to be read
            plain += inflater.decompress(inflater.unconsumed_tail, 1)
    except zlib.error as error:
        raise _corrupt(f"gzip: {error}") from error
    if not inflater.eof or len(plain) > limit:
        raise _corrupt(f"gzip: cut short, or more than {limit} bytes when unpacked")
    return plain


# ---- plain files ---------------------------------------------------------------------------------


def _scan(plain: bytes) -> Iterator[tuple[Header, NDArray[Any]]]:
    """Header and pixels of every HDU; raises _UnusualError before anything that it does not know."""
    position = 0
    while position == 0 or plain.startswith(b"XTENSION", position):
        header, position = _read_header(plain, position)
        shape, dtype = _layout(header)
        size = np.dtype(dtype).itemsize * prod(shape)
        if position + size > len(plain):
            raise _corrupt(f"the file ends {position + size - len(plain)} bytes before its pixels do")
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
    raise _corrupt("a header has no end")


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


# ---- everything else -----------------------------------------------------------------------------


def _read_with_astropy(plain: bytes) -> list[tuple[Header, NDArray[Any]]]:
    """Header and pixels of the image HDUs, scaled and decompressed by astropy."""
    if len(plain) > MAX_UNUSUAL_BYTES:
        raise _corrupt(f"more than {MAX_UNUSUAL_BYTES} bytes of an unusual kind")
    if any(len(count) > 18 or int(count) > _MAX_COUNTED for count in _COUNTED.findall(plain)):
        raise _corrupt(f"more than {_MAX_COUNTED} axes or columns")
    if _TEXT_SIZE.search(plain):
        raise _corrupt("a size that is no number")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return list(_images_by_astropy(plain))
    except StampError:
        raise
    except Exception as error:  # a boundary: on damaged bytes astropy raises nearly anything
        raise _corrupt(f"astropy: {type(error).__name__}: {error}") from error


def _images_by_astropy(plain: bytes) -> Iterator[tuple[Header, NDArray[Any]]]:
    from astropy.io import fits

    first = True
    with fits.open(io.BytesIO(plain), memmap=False) as hdus:
        for hdu in islice(hdus, _MAX_HDUS):
            if len(hdu.header) > _MAX_CARDS:
                raise _corrupt(f"a header of {len(hdu.header)} cards")
            if not hdu.is_image or not hdu.shape:
                continue
            if first:  # before the pixels are touched: a header may claim any size
                _check_shape(hdu.shape)
            elif prod(hdu.shape) > MAX_BANDS * MAX_SIDE**2:
                continue
            first = False
            if isinstance(hdu, fits.CompImageHDU):
                _check_tiles(plain, hdus.index_of(hdu))
            cards = [card for card in hdu.header.cards if card.keyword not in {"COMMENT", "HISTORY", ""}]
            header = {card.keyword: card.value for card in cards if isinstance(card.value, str | int | float)}
            yield header, hdu.data


def _check_tiles(plain: bytes, index: int) -> None:
    """Refuse a tile that would unpack to more than it says, or by code that believes what a packet says.

    That is all but zlib: the decoder of RICE_1 reads past its bytes, and takes the process with it.
    """
    from astropy.io import fits

    with fits.open(io.BytesIO(plain), memmap=False, disable_image_compression=True) as hdus:
        table = hdus[index]
        method = table.header.get("ZCMPTYPE")
        if method not in ("GZIP_1", "GZIP_2"):
            raise _corrupt(f"tile compression {method} is not read")
        if not 0 < table.header["NAXIS2"] <= MAX_BANDS * MAX_SIDE**2:
            raise _corrupt(f"{table.header['NAXIS2']} tiles")
        tile = [value for key, value in table.header.items() if re.fullmatch(r"ZTILE\d", key)]
        if any(not 1 <= side <= MAX_SIDE for side in tile):
            raise _corrupt(f"tiles of {tile} px")
        for name in {"COMPRESSED_DATA", "GZIP_COMPRESSED_DATA"} & set(table.columns.names):
            lengths = table.data.view(np.ndarray)[name][..., 0].astype(np.int64)  # as stored: lengths and offsets
            if lengths.min() < 0 or lengths.sum() > len(plain):  # many tiles may claim the same bytes
                raise _corrupt(f"tiles of {lengths.sum()} bytes in a file of {len(plain)}")
            for cell in table.data[name]:
                packed = np.asarray(cell).tobytes()
                if packed.startswith(b"\x1f\x8b"):
                    _inflate(packed, 8 * prod(tile, start=MAX_SIDE if not tile else 1))


# ---- both ----------------------------------------------------------------------------------------


def _assemble(hdus: Iterator[tuple[Header, NDArray[Any]]]) -> Cutout:
    """Take the first image for the stamp, and the variance and PSF among those that follow."""
    header, pixels = next(hdus, (None, None))
    if header is None or pixels is None:
        raise _corrupt("no image in the file")
    _check_shape(pixels.shape)
    image = _native(pixels[0] if pixels.shape[:-2] == (1,) else pixels)
    if np.isnan(image).all():
        raise StampError(StampReason.BLANK, "no pixel is finite")
    variance = psf = None
    for extension, plane in islice(hdus, _MAX_HDUS - 1):
        match extension.get("EXTNAME"):
            case "UNCERT" if extension.get("UTYPE", "VarianceUncertainty") == "VarianceUncertainty":
                variance = _native(plane)
            case "PSFIMAGE" if plane.ndim == 2 and max(plane.shape) <= MAX_SIDE:
                psf = _native(plane)
    if variance is not None and variance.shape != image.shape:
        raise _corrupt(f"variance of shape {variance.shape} for an image of {image.shape}")
    return Cutout(image, header, variance, psf)


def _check_shape(shape: tuple[int, ...]) -> None:
    *bands, rows, columns = shape if len(shape) > 1 else (0, 0)
    sides_fit = all(MIN_SIDE <= side <= MAX_SIDE for side in (rows, columns))
    if not sides_fit or len(bands) > 1 or prod(bands) not in range(1, MAX_BANDS + 1):
        allowed = f"sides of {MIN_SIDE} to {MAX_SIDE} px and up to {MAX_BANDS} bands are read"
        raise StampError(StampReason.SIZE, f"shape {shape}: {allowed}")


def _native(pixels: NDArray[Any]) -> NDArray[np.float32]:
    """Copy to native float32, and what is no measurement to NaN."""
    with np.errstate(over="ignore", invalid="ignore"):
        image = np.array(pixels, dtype=np.float32)
    image[np.abs(image) > _LARGEST] = np.nan
    return image
