"""Steps over the fields of one record: by expressions where they match, else part by part."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from schemas.errors import DeadReason, UnreadableError
from schemas.walk import steps
from schemas.walk.budget import Budget
from schemas.walk.layouts import Layouts
from schemas.walk.patterns import FIXED_WIDTH, Patterns

if TYPE_CHECKING:
    from collections.abc import Mapping

    from schemas.walk.steps import Skip, SkipSome


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
        self._patterns = Patterns(names)
        self._skips: dict[str, Skip] = {}
        self._budget = Budget()
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
        self._budget.steps = Budget.STEPS
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

    def _skip(self, kind: Any) -> Skip:
        """Return the function that steps over a type: its expression where that matches, else part by part."""
        slow = self._slow_skip(kind)
        pattern = self._patterns.of(kind)
        match = None if pattern is None else self._budget.matcher(pattern)
        if match is None:
            return slow

        def skip(body: bytes, at: int) -> int:
            found = match(body, at)
            return found.end() if found else slow(body, at)

        return skip

    def _slow_skip(self, kind: Any) -> Skip:
        if isinstance(kind, list):
            return steps.of_union([self._skip(branch) for branch in kind])
        if isinstance(kind, dict):
            return self._named_skip(kind) if "name" in kind else self._slow_skip_of_plain(kind)
        if kind in self._names:
            return self._named_skip(self._names[kind])
        return steps.skip_bytes if kind in ("string", "bytes") else steps.of_width(FIXED_WIDTH[kind])

    def _slow_skip_of_plain(self, kind: Mapping[str, Any]) -> Skip:
        if kind["type"] == "array":
            return steps.of_blocks(self._items_skip(kind["items"]), self._budget)
        if kind["type"] == "map":
            pair = steps.of_record([steps.skip_bytes, self._skip(kind["values"])], self._budget)
            return steps.of_blocks(steps.one_by_one(pair), self._budget)
        return self._slow_skip(kind["type"])

    def _items_skip(self, kind: Any) -> SkipSome:
        if self._takes_no_bytes(kind):
            return steps.refuse
        return Layouts(kind, self._names, self._skip(kind), self._budget).skip

    def _named_skip(self, kind: Mapping[str, Any]) -> Skip:
        name = kind["name"]
        if name not in self._skips:
            # A type met again inside itself finds its own function by name, at run time.
            self._skips[name] = lambda body, at: self._skips[name](body, at)  # noqa: PLW0108  it changes below
            if kind["type"] == "record":
                parts = [field["type"] for field in kind["fields"] if not self._takes_no_bytes(field["type"])]
                self._skips[name] = steps.of_record([self._skip(part) for part in parts], self._budget)
            elif kind["type"] == "enum":
                self._skips[name] = steps.of_union([steps.of_width(b"")] * len(kind["symbols"]))
            else:
                size = int(kind["size"])
                self._skips[name] = lambda _body, at: at + size
        return self._skips[name]

    def _takes_no_bytes(self, kind: Any) -> bool:
        """Whether a type is null, a fixed of size 0, or a record of nothing else: its pattern is always empty."""
        return self._patterns.of(kind) == b""
