"""Stamps of an unusual kind, scaled or compressed, as astropy reads them.

The limits are the same, and what astropy would believe of a header, whatever it costs, is refused before.
"""

from __future__ import annotations

import io
import re
import warnings
from itertools import islice
from math import prod
from typing import TYPE_CHECKING, Any

import numpy as np

from broker.cutout_limits import MAX_BANDS, MAX_HDUS, MAX_SIDE, check_shape, corrupt, inflate
from schemas.errors import StampError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from broker.cutout_limits import Header

MAX_UNUSUAL_BYTES = 4 * 2**20
"""Of a file that astropy reads: its headers take ten times as long."""

_MAX_CARDS = 5000
#: What astropy counts up to, one by one, whatever the file's size.
_COUNTED = re.compile(rb"(?:Z?NAXIS|TFIELDS) *= *\+?(\d+)", re.IGNORECASE)
_MAX_COUNTED = 999
#: Text where a number belongs, which astropy multiplies by the others: 4 GB of it.
_TEXT_SIZE = re.compile(rb"(?:Z?NAXIS\d*|[PG]COUNT|Z?BITPIX) *= *'", re.IGNORECASE)


def read_with_astropy(plain: bytes) -> list[tuple[Header, NDArray[Any]]]:
    """Return header and pixels of the image HDUs, scaled and decompressed by astropy; raises StampError."""
    if len(plain) > MAX_UNUSUAL_BYTES:
        raise corrupt(f"more than {MAX_UNUSUAL_BYTES} bytes of an unusual kind")
    if any(len(count) > 18 or int(count) > _MAX_COUNTED for count in _COUNTED.findall(plain)):
        raise corrupt(f"more than {_MAX_COUNTED} axes or columns")
    if _TEXT_SIZE.search(plain):
        raise corrupt("a size that is no number")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return list(_images_by_astropy(plain))
    except StampError:
        raise
    except Exception as error:  # a boundary: on damaged bytes astropy raises nearly anything
        raise corrupt(f"astropy: {type(error).__name__}: {error}") from error


def _images_by_astropy(plain: bytes) -> Iterator[tuple[Header, NDArray[Any]]]:
    from astropy.io import fits

    first = True
    with fits.open(io.BytesIO(plain), memmap=False) as hdus:
        for hdu in islice(hdus, MAX_HDUS):
            if len(hdu.header) > _MAX_CARDS:
                raise corrupt(f"a header of {len(hdu.header)} cards")
            if not hdu.is_image or not hdu.shape:
                continue
            if first:  # before the pixels are touched: a header may claim any size
                check_shape(hdu.shape)
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
            raise corrupt(f"tile compression {method} is not read")
        if not 0 < table.header["NAXIS2"] <= MAX_BANDS * MAX_SIDE**2:
            raise corrupt(f"{table.header['NAXIS2']} tiles")
        tile = [value for key, value in table.header.items() if re.fullmatch(r"ZTILE\d", key)]
        if any(not 1 <= side <= MAX_SIDE for side in tile):
            raise corrupt(f"tiles of {tile} px")
        for name in {"COMPRESSED_DATA", "GZIP_COMPRESSED_DATA"} & set(table.columns.names):
            lengths = table.data.view(np.ndarray)[name][..., 0].astype(np.int64)  # as stored: lengths and offsets
            if lengths.min() < 0 or lengths.sum() > len(plain):  # many tiles may claim the same bytes
                raise corrupt(f"tiles of {lengths.sum()} bytes in a file of {len(plain)}")
            for cell in table.data[name]:
                packed = np.asarray(cell).tobytes()
                if packed.startswith(b"\x1f\x8b"):
                    inflate(packed, 8 * prod(tile, start=MAX_SIDE if not tile else 1))
