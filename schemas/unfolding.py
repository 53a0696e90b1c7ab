"""How many values some bytes may decode to, told from their schema alone.

A field of null takes no bytes, and a type may stand in another any number of times: sixty small records, each with
the one before it twice, hold 2^60 values in no byte at all. A decoder that only follows the schema never returns.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

#: What a writer spends at least one byte on each time: the length of a block, or the number of a branch.
_COUNTED = ("array", "map")


@dataclass(frozen=True, slots=True)
class Bound:
    """How many values a type may hold.

    Attributes
    ----------
    most : float
        However many bytes there are.
    bare, a_byte : float
        In no byte, and with each one more.
    """

    most: float
    bare: float
    a_byte: float

    def of(self, size: int) -> float:
        """Return the most values in so many bytes."""
        return min(self.most, self.bare + size * self.a_byte)


class Unfolding:
    """Counts the values of the types of one schema.

    Parameters
    ----------
    names : mapping
        Every named type of the schema, as ``fastavro.parse_schema`` returns them.
    """

    def __init__(self, names: Mapping[str, Any]) -> None:
        self._names = names
        self._bare: dict[str, float] = {}
        self._most: dict[str, float] = {}
        self._densest: dict[str, float] = {}

    def bound(self, kind: Any) -> Bound:
        """Return how many values a type may hold."""
        return Bound(self._all(kind), self._without_choice(kind), self._a_byte(kind))

    def _without_choice(self, kind: Any) -> float:
        """Values that take no array's length and no union's branch to be there."""
        kind = self._resolved(kind)
        if isinstance(kind, list) or _plain(kind) in _COUNTED:
            return 1
        return self._of_record(kind, self._bare, self._without_choice)

    def _all(self, kind: Any) -> float:
        """Values that are there at most; without bound in arrays, maps, and types that hold themselves."""
        kind = self._resolved(kind)
        if isinstance(kind, list):
            return 1 + max(map(self._all, kind), default=0)
        return math.inf if _plain(kind) in _COUNTED else self._of_record(kind, self._most, self._all)

    def _a_byte(self, kind: Any) -> float:
        """Values that one byte, as a branch or an item, brings along at most."""
        kind = self._resolved(kind)
        if isinstance(kind, list):
            return self._of_parts(kind)
        if _plain(kind) in _COUNTED:
            return self._of_parts([kind["items" if kind["type"] == "array" else "values"]])
        if not isinstance(kind, dict) or "fields" not in kind:
            return 1
        name = kind["name"]
        if name not in self._densest:
            self._densest[name] = 1
            self._densest[name] = max((self._a_byte(field["type"]) for field in kind["fields"]), default=1)
        return self._densest[name]

    def _of_parts(self, parts: Sequence[Any]) -> float:
        return 1 + max((max(self._without_choice(part), self._a_byte(part)) for part in parts), default=0)

    def _of_record(self, kind: Any, known: dict[str, float], count: Any) -> float:
        if not isinstance(kind, dict) or "fields" not in kind:
            return 1
        name = kind["name"]
        if name not in known:
            known[name] = math.inf  # met again inside itself
            known[name] = 1 + sum(count(field["type"]) for field in kind["fields"])
        return known[name]

    def _resolved(self, kind: Any) -> Any:
        """Look a type's name up, and take ``{"type": ...}`` off what it is around."""
        if isinstance(kind, str):
            return self._names.get(kind, kind)
        if isinstance(kind, dict) and "name" not in kind and kind["type"] not in _COUNTED:
            return self._resolved(kind["type"])
        return kind


def _plain(kind: Any) -> Any:
    return kind["type"] if isinstance(kind, dict) and "name" not in kind else None
