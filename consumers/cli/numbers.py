"""Numbers as people give them on the command line: one that is none, or out of range, is refused with the range."""

from __future__ import annotations

import argparse
import math
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

Number = TypeVar("Number", int, float)


def whole(least: int, most: int | None = None) -> Callable[[str], int]:
    """Return what reads a whole number of at least, and at most, so much."""
    limits = f"of {least:,} or more" if most is None else f"from {least:,} to {most:,}"
    return _reading(int, lambda number: least <= number and (most is None or number <= most), f"whole number {limits}")


def more_than_0(most: float = math.inf) -> Callable[[str], float]:
    """Return what reads a number more than 0, and of at most so much."""
    limits = "more than 0" if most == math.inf else f"more than 0 and up to {most:g}"
    return _reading(float, lambda number: 0 < number <= most and number < math.inf, f"number {limits}")


def _reading(kind: type[Number], fits: Callable[[Number], bool], wanted: str) -> Callable[[str], Number]:
    def read(text: str) -> Number:
        try:
            number = kind(text)
        except ValueError:
            pass
        else:
            if fits(number):
                return number
        raise argparse.ArgumentTypeError(f"{text!a} is no {wanted}")

    return read
