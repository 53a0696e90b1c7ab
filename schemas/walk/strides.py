"""Steps over runs of items that have their branches and lengths in the same places, as fast as memory is read.

Most of an alert's earlier detections are of one form and as long as each other, so that the bytes that decide where an
item ends lie at one stride: they are compared all at once.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np

from schemas.walk.longs import LONG

#: What is compared at once [bytes]: it stays in the processor's cache, and little is read in vain where a run ends.
_AT_ONCE = 16_384


@dataclass(frozen=True, slots=True)
class Form:
    """What decides where an encoded value ends.

    Attributes
    ----------
    pattern : bytes
        The expression of those values that differ from this one in plain values, and in how many bytes its integers
        take.
    mask, bits : bytes
        As long as the value, and fit those alone whose integers are as long: all bits of branches and lengths, of each
        byte of an integer whether another follows, and none of all else.
    """

    pattern: bytes = b""
    mask: bytes = b""
    bits: bytes = b""

    def __add__(self, other: Form) -> Form:
        """Return the form of one value behind another."""
        return Form(self.pattern + other.pattern, self.mask + other.mask, self.bits + other.bits)

    @property
    def size(self) -> int:
        """Length of the value [bytes]."""
        return len(self.mask)

    @classmethod
    def exactly(cls, value: bytes) -> Form:
        """Return the form of these bytes only."""
        return cls(re.escape(value), b"\xff" * len(value), value)

    @classmethod
    def integer(cls, value: bytes) -> Form:
        """Return the form of integers."""
        return cls(LONG, b"\x80" * len(value), b"\x80" * (len(value) - 1) + b"\x00")

    @classmethod
    def anything(cls, size: int) -> Form:
        """Return the form of so many bytes of any kind."""
        return cls(b".{%d}" % size, bytes(size), bytes(size))


class Stride:
    """Steps over items of one form and length.

    Parameters
    ----------
    form : Form
        Of one item, which takes bytes.
    """

    def __init__(self, form: Form) -> None:
        self._size = form.size
        self._items = max(_AT_ONCE // form.size, 1)
        self._mask, self._bits = (np.frombuffer(one * self._items, np.uint8) for one in (form.mask, form.bits))

    def run(self, body: bytes, at: int, count: int) -> int:
        """Return how many items from a place on are of the form, so many at most."""
        count = min(count, (len(body) - at) // self._size)
        done = 0
        while done < count:
            items = min(count - done, self._items)
            length = items * self._size
            part = np.frombuffer(body, np.uint8, length, at + done * self._size)
            differs = (part & self._mask[:length]) != self._bits[:length]
            first = int(differs.argmax())
            if differs[first]:
                return done + first // self._size
            done += items
        return done
