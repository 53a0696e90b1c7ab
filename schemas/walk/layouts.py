"""Layouts of an array's items: which branches and lengths one has. Neighbours mostly have the same."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from schemas.walk.longs import read_long
from schemas.walk.patterns import FIXED_WIDTH, LONGEST_PATTERN
from schemas.walk.strides import Form, Stride

if TYPE_CHECKING:
    from collections.abc import Mapping

    from schemas.walk.budget import Budget, Match
    from schemas.walk.steps import Skip

#: So many items as long as the one before them are stepped over singly before it is tried whether a run follows: one
#: where the last try found a long one, else twice as many each time. A try costs as much as ten items.
_HOPEFUL, _WARIEST, _LONG_RUN = 1, 64, 16


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
        self._strides: dict[tuple[Match, int], Stride] = {}

    def skip(self, body: bytes, at: int, count: int) -> int:
        """Step over so many items."""
        alike = size = 0
        patience = 2 * _HOPEFUL
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
                end, count = found.end(), count - 1
                alike = alike + 1 if end - at == size else 0
                at, size = end, end - at
                if alike >= patience and (stride := self._stride(match, body, at - size, size)) is not None:
                    run = stride.run(body, at, count)
                    at, count, alike = at + run * size, count - run, 0
                    patience = _HOPEFUL if run >= _LONG_RUN else min(2 * patience, _WARIEST)
                found = match(body, at) if count else None
        return at

    def _stride(self, match: Match, body: bytes, at: int, size: int) -> Stride | None:
        """Return the stride of items of a layout and a length, such as the one at ``at``; None where there are many."""
        if (match, size) not in self._strides and self._budget.strides:
            self._budget.strides -= 1
            self._strides[match, size] = Stride(self._form(self._kind, body, at))
        return self._strides.get((match, size))

    def _learn(self, body: bytes, at: int, end: int) -> None:
        """Remember a layout, of an item that was stepped over."""
        if end - at > LONGEST_PATTERN:  # a hostile schema has items of more bytes than there is memory for their form
            return
        try:
            form = self._form(self._kind, body, at)
        except TypeError:  # items that hold arrays have no layout
            self._learns = False
            return
        if len(form.pattern) <= LONGEST_PATTERN and form.size == end - at:
            match = self._budget.matcher(form.pattern)
            if match is not None:
                self._matches.insert(0, match)
            self._learns = match is not None and len(self._matches) < self.MOST

    def _form(self, kind: Any, body: bytes, at: int) -> Form:  # noqa: PLR0911  one for each kind
        """Return the form of all that have the branches and lengths of the value at ``at``.

        Raises
        ------
        TypeError
            It holds an array or a map.
        """
        self._budget.take(self._budget.LAYOUT)
        if isinstance(kind, list):
            branch, after = read_long(body, at)
            return Form.exactly(body[at:after]) + self._form(kind[branch], body, after)
        if isinstance(kind, str) and kind in self._names:
            kind = self._names[kind]
        name = kind["type"] if isinstance(kind, dict) else kind
        match name:
            case "record":
                form = Form()
                for field in kind["fields"]:
                    form += self._form(field["type"], body, at + form.size)
                return form
            case "string" | "bytes":
                size, after = read_long(body, at)
                return Form.exactly(body[at:after]) + Form.anything(size)
            case "enum" | "int" | "long":
                _, after = read_long(body, at)
                return (Form.exactly if name == "enum" else Form.integer)(body[at:after])
            case "fixed":
                return Form.anything(int(kind["size"]))
            case "array" | "map":
                raise TypeError(name)
        if name not in FIXED_WIDTH:
            return self._form(name, body, at)
        found = re.compile(FIXED_WIDTH[name], re.DOTALL).match(body, at)
        assert found is not None  # since it was stepped over before
        return Form.anything(found.end() - at)
