"""The regular expressions of types: what each may look like, encoded."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from schemas.walk.longs import LONG

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

FIXED_WIDTH = {"null": b"", "boolean": b".", "int": LONG, "long": LONG, "float": b"....", "double": b"........"}
#: Strings of up to 63 bytes have a length of one byte, so that each length is one branch.
_SHORT_STRING = b"(?>" + b"|".join(re.escape(bytes([2 * n])) + b".{%d}" % n for n in range(64)) + b")"
#: A union or enumeration of up to 64 members is told apart by one byte.
_ONE_BYTE_MEMBERS = 64
#: Longer patterns come from schemas that repeat a type inside itself many times over; they are stepped through.
LONGEST_PATTERN = 50_000


class Patterns:
    """The patterns of a schema's types.

    Parameters
    ----------
    names : mapping
        Every named type of the schema.
    """

    def __init__(self, names: Mapping[str, Any]) -> None:
        self._names = names
        self._known: dict[str, bytes | None] = {}

    def of(self, kind: Any) -> bytes | None:
        """Return the regular expression of a type, or None for a type that has none."""
        if isinstance(kind, list):
            return self._of_union(kind)
        if isinstance(kind, dict):
            return self._of_named(kind) if "name" in kind else self._of_plain(kind)
        if kind in self._names:
            return self._of_named(self._names[kind])
        return _SHORT_STRING if kind == "string" else FIXED_WIDTH.get(kind)

    def _of_plain(self, kind: Mapping[str, Any]) -> bytes | None:
        return None if kind["type"] in ("array", "map") else self.of(kind["type"])

    def _of_named(self, kind: Mapping[str, Any]) -> bytes | None:
        name = kind["name"]
        pattern: bytes | None
        if name not in self._known:
            self._known[name] = None  # met again inside itself, a recursive type has no pattern
            if kind["type"] == "fixed":
                pattern = _fixed(int(kind["size"]))
            elif kind["type"] == "enum":
                pattern = _one_of([b""] * len(kind["symbols"]))
            else:
                pattern = _joined([self.of(field["type"]) for field in kind["fields"]])
            self._known[name] = pattern
        return self._known[name]

    def _of_union(self, branches: Sequence[Any]) -> bytes | None:
        patterns = [self.of(branch) for branch in branches]
        return None if None in patterns else _one_of([pattern for pattern in patterns if pattern is not None])


def _one_of(branches: Sequence[bytes]) -> bytes | None:
    if len(branches) > _ONE_BYTE_MEMBERS:
        return None
    return _joined([b"(?>", b"|".join(re.escape(bytes([2 * n])) + branch for n, branch in enumerate(branches)), b")"])


def _joined(parts: Sequence[bytes | None]) -> bytes | None:
    known = [part for part in parts if part is not None]
    if len(known) < len(parts) or sum(map(len, known)) > LONGEST_PATTERN:
        return None
    return b"".join(known)


def _fixed(size: int) -> bytes | None:
    if size < 0:
        raise ValueError(size)
    if size == 0:
        return b""
    return b".{%d}" % size if size < LONGEST_PATTERN else None
