"""Avro's integers and lengths: zig-zag, of variable length."""

from __future__ import annotations

#: Their form: 64 bits fit ten bytes. Possessive, so it never backtracks.
LONG = rb"[\x80-\xff]{0,9}+[\x00-\x7f]"


def read_long(body: bytes, at: int) -> tuple[int, int]:
    """Decode an integer; return it and the byte after it.

    Raises
    ------
    IndexError
        The bytes end, or the integer has more than ten.
    """
    value = 0
    for index in range(10):
        byte = body[at + index]
        value |= (byte & 0x7F) << (7 * index)
        if byte < 0x80:  # no continuation bit
            return (value >> 1) ^ -(value & 1), at + index + 1
    raise IndexError(at)
