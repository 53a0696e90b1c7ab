"""Layouts of an array's items: which branches and lengths one has. Neighbours mostly have the same."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from schemas.walk.longs import read_long
from schemas.walk.patterns import FIXED_WIDTH, LONGEST_PATTERN

if TYPE_CHECKING:
    from collections.abc import Mapping

    from schemas.walk.budget import Budget, Match
    from schemas.walk.steps import Skip


class Layouts:
    """Steps over items of one type by the layouts that were met before.

    Parameters
    ----------
    kind : Any
        The items' type.
    names : mapping
        Every named type of the schema.
    slow : callable
        Steps over an item of any layout.
    budget : Budget
        For the patterns.
    """

    #: Damaged items have as many layouts as they like, and each takes milliseconds to compile.
    MOST = 16

    def __init__(self, kind: Any, names: Mapping[str, Any], slow: Skip, budget: Budget) -> None:
        self._kind = kind
        self._names = names
        self._slow = slow
        self._budget = budget
        self._learns = True
        self._matches: list[Match] = []

    def skip(self, body: bytes, at: int, count: int) -> int:
        """Step over so many items."""
        while count:
            for place, match in enumerate(self._matches):  # noqa: B007  the place is used after it
                if (found := match(body, at)) is not None:
                    break
            else:
                end = self._slow(body, at)
                if self._learns:
                    self._learn(body, at, end)
                at, count = end, count - 1
                continue
            if place:
                self._matches.insert(0, self._matches.pop(place))
            while found is not None:
                at, count = found.end(), count - 1
                found = match(body, at) if count else None
        return at

    def _learn(self, body: bytes, at: int, end: int) -> None:
        """Remember a layout, of an item that was stepped over."""
        try:
            pattern, last = self._layout(self._kind, body, at)
        except TypeError:  # items that hold arrays have no layout
            self._learns = False
            return
        if len(pattern) <= LONGEST_PATTERN and end - at <= LONGEST_PATTERN and last == end:
            match = self._budget.matcher(pattern)
            if match is not None:
                self._matches.insert(0, match)
            self._learns = match is not None and len(self._matches) < self.MOST

    def _layout(self, kind: Any, body: bytes, at: int) -> tuple[bytes, int]:  # noqa: PLR0911  one for each kind
        """Return the expression of all that have the branches and lengths of the one at ``at``, and where that ends.

        Raises
        ------
        TypeError
            It holds an array or a map.
        """
        self._budget.take(self._budget.LAYOUT)
        if isinstance(kind, list):
            branch, after = read_long(body, at)
            pattern, end = self._layout(kind[branch], body, after)
            return re.escape(body[at:after]) + pattern, end
        if isinstance(kind, str) and kind in self._names:
            kind = self._names[kind]
        name = kind["type"] if isinstance(kind, dict) else kind
        match name:
            case "record":
                patterns = []
                for field in kind["fields"]:
                    pattern, at = self._layout(field["type"], body, at)
                    patterns.append(pattern)
                return b"".join(patterns), at
            case "string" | "bytes":
                size, after = read_long(body, at)
                return re.escape(body[at:after]) + b".{%d}" % size, after + size
            case "enum":
                _, after = read_long(body, at)
                return re.escape(body[at:after]), after
            case "fixed":
                return b".{%d}" % kind["size"], at + int(kind["size"])
            case "array" | "map":
                raise TypeError(name)
        if name not in FIXED_WIDTH:
            return self._layout(name, body, at)
        found = re.compile(FIXED_WIDTH[name], re.DOTALL).match(body, at)
        assert found is not None  # since it was stepped over before
        return FIXED_WIDTH[name], found.end()
