"""What is read of a stamp and what is refused, by whichever way it is read."""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from math import prod

from schemas.errors import StampError, StampReason

MIN_SIDE, MAX_SIDE, MAX_BANDS = 8, 512, 3
"""Accepted sides [px] and bands of an image."""

MAX_BYTES = 16 * 2**20
"""A cube of three 512 px doubles with its variance is 12.6 MB; anything larger is a bomb."""

MAX_HDUS = 8

Header = Mapping[str, str | int | float | bool]


def corrupt(detail: str) -> StampError:
    """Return the error of a stamp that is not a whole image."""
    return StampError(StampReason.CORRUPT, detail)


def inflate(data: bytes, limit: int) -> bytes:
    """Undo gzip, stopping at ``limit`` bytes; zlib checks length and CRC at the end. Raises StampError."""
    inflater = zlib.decompressobj(wbits=zlib.MAX_WBITS | 16)
    try:
        plain = inflater.decompress(data, limit)
        if not inflater.eof:  # what ends exactly at the limit still has its trailer to be read
            plain += inflater.decompress(inflater.unconsumed_tail, 1)
    except zlib.error as error:
        raise corrupt(f"gzip: {error}") from error
    if not inflater.eof or len(plain) > limit:
        raise corrupt(f"gzip: cut short, or more than {limit} bytes when unpacked")
    return plain


def check_shape(shape: tuple[int, ...]) -> None:
    """Refuse an image of another shape than is read; raises StampError."""
    *bands, rows, columns = shape if len(shape) > 1 else (0, 0)
    sides_fit = all(MIN_SIDE <= side <= MAX_SIDE for side in (rows, columns))
    if not sides_fit or len(bands) > 1 or prod(bands) not in range(1, MAX_BANDS + 1):
        allowed = f"sides of {MIN_SIDE} to {MAX_SIDE} px and up to {MAX_BANDS} bands are read"
        raise StampError(StampReason.SIZE, f"shape {shape}: {allowed}")
