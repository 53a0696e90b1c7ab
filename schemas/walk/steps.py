"""Steps over encoded values part by part, where no expression does it at once."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from schemas.walk.longs import read_long

if TYPE_CHECKING:
    from schemas.walk.budget import Budget

#: From the first byte of a value to the byte after its last; IndexError where it leaves its type.
Skip = Callable[[bytes, int], int]
#: The same over so many values.
SkipSome = Callable[[bytes, int, int], int]


def refuse(_body: bytes, at: int, _count: int) -> int:
    """Step over items of no bytes: they could be counted for years, and no survey counts nothing."""
    raise IndexError(at)


def skip_bytes(body: bytes, at: int) -> int:
    """Step over a string or an array of bytes."""
    size, at = read_long(body, at)
    if not 0 <= size <= len(body) - at:
        raise IndexError(at)
    return at + size


def of_width(pattern: bytes) -> Skip:
    """Return the function that steps over what matches a pattern."""
    match = re.compile(pattern, re.DOTALL).match

    def skip(body: bytes, at: int) -> int:
        found = match(body, at)
        if found is None:
            raise IndexError(at)
        return found.end()

    return skip


def of_record(fields: Sequence[Skip], budget: Budget) -> Skip:
    """Return the function that steps over a record's fields."""
    if len(fields) == 1:  # records around records around one field would each take a step
        return fields[0]

    def skip(body: bytes, at: int) -> int:
        budget.take(len(fields))
        for field in fields:
            at = field(body, at)
        return at

    return skip


def of_union(branches: Sequence[Skip]) -> Skip:
    """Return the function that steps over one of some branches."""

    def skip(body: bytes, at: int) -> int:
        branch, at = read_long(body, at)
        if branch < 0:
            raise IndexError(at)
        return branches[branch](body, at)

    return skip


def one_by_one(item: Skip) -> SkipSome:
    """Return the function that steps over items, each by itself."""

    def skip(body: bytes, at: int, count: int) -> int:
        for _ in range(count):
            at = item(body, at)
        return at

    return skip


def of_blocks(items: SkipSome, budget: Budget) -> Skip:
    """Return the function that steps over an array's or a map's blocks, up to the empty one."""

    def skip(body: bytes, at: int) -> int:
        while True:
            count, at = read_long(body, at)
            if count == 0:
                return at
            if count < 0:  # the block's size in bytes follows
                _, at = read_long(body, at)
                count = -count
            if count > len(body) - at:
                raise IndexError(at)
            budget.take(count)
            at = items(body, at, count)

    return skip
