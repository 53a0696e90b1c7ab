"""Find where each field of an Avro record begins and ends, without decoding it.

Rubin's packets hold up to thousands of earlier detections that nobody here needs.
A full decode of one takes 30 to 60 ms; a decode that skips them still must step over
every number. Here a schema becomes regular expressions once: all but long strings,
byte arrays and arrays have a form that depends on the leading byte alone, so that
one match steps over a whole nested record, at about a microsecond each. Every length
is followed to its end, so that a damaged one is found as a full decode would find it.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from schemas.errors import DeadReason, UnreadableError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    Skip = Callable[[bytes, int], int]

#: A zig-zag variable-length integer: 64 bits fit ten bytes. Possessive, so it never backtracks.
_LONG = rb"[\x80-\xff]{0,9}+[\x00-\x7f]"
_FIXED_WIDTH = {"null": b"", "boolean": b".", "int": _LONG, "long": _LONG, "float": b".{4}", "double": b".{8}"}
#: Strings of up to 63 bytes have a length of one byte, so that each length is one branch.
_SHORT_STRING = b"(?>" + b"|".join(re.escape(bytes([2 * n])) + b".{%d}" % n for n in range(64)) + b")"
#: A union or enumeration of up to 64 members is told apart by one byte.
_ONE_BYTE_MEMBERS = 64
#: Longer patterns come from schemas that repeat a type inside itself many times over; they are stepped through.
_LONGEST_PATTERN = 100_000


class RecordWalker:
    """Steps over the fields of one record.

    Parameters
    ----------
    record : mapping
        A record schema as ``fastavro.parse_schema`` returns it: names are full ones.
    names : mapping
        Every named type of the schema.
    """

    def __init__(self, record: Mapping[str, Any], names: Mapping[str, Any]) -> None:
        self._names = names
        self._patterns: dict[str, bytes | None] = {}
        self._skips: dict[str, Skip] = {}
        self._fields = [(str(field["name"]), self._skip(field["type"])) for field in record["fields"]]

    def spans(self, body: bytes, start: int = 0) -> dict[str, tuple[int, int]]:
        """Return the first byte of every field and the byte after its last.

        Parameters
        ----------
        body : bytes
            One or more encoded records.
        start : int
            Where the record begins.

        Raises
        ------
        UnreadableError
            A length or a union's branch does not fit the bytes.
        """
        spans = {}
        at = start
        for name, skip in self._fields:
            try:
                end = skip(body, at)
            except (IndexError, RecursionError):
                raise UnreadableError(DeadReason.LENGTHS, f"field {name} at byte {at} leaves its schema") from None
            if end > len(body):
                raise UnreadableError(
                    DeadReason.LENGTHS, f"field {name} at byte {at} ends {end - len(body)} bytes late"
                )
            spans[name] = (at, end)
            at = end
        return spans

    def _pattern(self, kind: Any) -> bytes | None:
        """Return the regular expression of a type, or None for a type that has none."""
        if isinstance(kind, list):
            return self._union_pattern(kind)
        if isinstance(kind, dict):
            return self._named_pattern(kind) if "name" in kind else self._pattern_of_plain(kind)
        if kind in self._names:
            return self._named_pattern(self._names[kind])
        return _SHORT_STRING if kind == "string" else _FIXED_WIDTH.get(kind)

    def _pattern_of_plain(self, kind: Mapping[str, Any]) -> bytes | None:
        return None if kind["type"] in ("array", "map") else self._pattern(kind["type"])

    def _named_pattern(self, kind: Mapping[str, Any]) -> bytes | None:
        name = kind["name"]
        if name not in self._patterns:
            self._patterns[name] = None  # met again inside itself, a recursive type has no pattern
            if kind["type"] == "fixed":
                pattern: bytes | None = b".{%d}" % kind["size"] if kind["size"] < _LONGEST_PATTERN else None
            elif kind["type"] == "enum":
                pattern = _one_of([b""] * len(kind["symbols"]))
            else:
                pattern = _joined([self._pattern(field["type"]) for field in kind["fields"]])
            self._patterns[name] = pattern
        return self._patterns[name]

    def _union_pattern(self, branches: Sequence[Any]) -> bytes | None:
        patterns = [self._pattern(branch) for branch in branches]
        return None if None in patterns else _one_of([pattern for pattern in patterns if pattern is not None])

    def _skip(self, kind: Any) -> Skip:
        """Return the function that steps over a type: its expression where that matches, else part by part."""
        slow = self._slow_skip(kind)
        pattern = self._pattern(kind)
        if pattern is None:
            return slow
        match = re.compile(pattern, re.DOTALL).match

        def skip(body: bytes, at: int) -> int:
            found = match(body, at)
            return found.end() if found else slow(body, at)

        return skip

    def _slow_skip(self, kind: Any) -> Skip:
        if isinstance(kind, list):
            return _union_skip([self._skip(branch) for branch in kind])
        if isinstance(kind, dict):
            return self._named_skip(kind) if "name" in kind else self._slow_skip_of_plain(kind)
        if kind in self._names:
            return self._named_skip(self._names[kind])
        return _skip_bytes if kind in ("string", "bytes") else _skip_of_width(_FIXED_WIDTH[kind])

    def _slow_skip_of_plain(self, kind: Mapping[str, Any]) -> Skip:
        if kind["type"] == "array":
            return _blocks_skip(self._skip(kind["items"]))
        if kind["type"] == "map":
            return _blocks_skip(_record_skip([_skip_bytes, self._skip(kind["values"])]))
        return self._slow_skip(kind["type"])

    def _named_skip(self, kind: Mapping[str, Any]) -> Skip:
        name = kind["name"]
        if name not in self._skips:
            # A type met again inside itself finds its own function by name, at run time.
            self._skips[name] = lambda body, at: self._skips[name](body, at)  # noqa: PLW0108  it changes below
            if kind["type"] == "record":
                self._skips[name] = _record_skip([self._skip(field["type"]) for field in kind["fields"]])
            elif kind["type"] == "enum":
                self._skips[name] = _union_skip([_skip_of_width(b"")] * len(kind["symbols"]))
            else:
                size = int(kind["size"])
                self._skips[name] = lambda _body, at: at + size
        return self._skips[name]


def read_long(body: bytes, at: int) -> tuple[int, int]:
    """Decode a zig-zag variable-length integer; return it and the byte after it.

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


def _one_of(branches: Sequence[bytes]) -> bytes | None:
    if len(branches) > _ONE_BYTE_MEMBERS:
        return None
    return _joined([b"(?>", b"|".join(re.escape(bytes([2 * n])) + branch for n, branch in enumerate(branches)), b")"])


def _joined(parts: Sequence[bytes | None]) -> bytes | None:
    known = [part for part in parts if part is not None]
    if len(known) < len(parts) or sum(map(len, known)) > _LONGEST_PATTERN:
        return None
    return b"".join(known)


def _skip_bytes(body: bytes, at: int) -> int:
    size, at = read_long(body, at)
    if not 0 <= size <= len(body) - at:
        raise IndexError(at)
    return at + size


def _skip_of_width(pattern: bytes) -> Skip:
    match = re.compile(pattern, re.DOTALL).match

    def skip(body: bytes, at: int) -> int:
        found = match(body, at)
        if found is None:
            raise IndexError(at)
        return found.end()

    return skip


def _record_skip(fields: Sequence[Skip]) -> Skip:
    def skip(body: bytes, at: int) -> int:
        for field in fields:
            at = field(body, at)
        return at

    return skip


def _union_skip(branches: Sequence[Skip]) -> Skip:
    def skip(body: bytes, at: int) -> int:
        branch, at = read_long(body, at)
        if branch < 0:
            raise IndexError(at)
        return branches[branch](body, at)

    return skip


def _blocks_skip(item: Skip) -> Skip:
    """Return the function that steps over an array's or a map's blocks, up to the empty one."""

    def skip(body: bytes, at: int) -> int:
        while True:
            count, at = read_long(body, at)
            if count == 0:
                return at
            if count < 0:  # the block's size in bytes follows
                _, at = read_long(body, at)
                count = -count
            # Items of no bytes would otherwise be counted for years.
            if count > len(body) - at:
                raise IndexError(at)
            for _ in range(count):
                at = item(body, at)

    return skip
