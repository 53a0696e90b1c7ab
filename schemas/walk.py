"""Find where each field of an Avro record begins and ends, without decoding it.

Rubin's packets hold up to thousands of earlier detections that nobody here needs.
A full decode of one takes 30 to 60 ms; a decode that skips them still must step over
every number. Here a schema becomes regular expressions once: all but long strings,
byte arrays and arrays have a form that depends on the leading byte alone, so that
one match steps over a whole nested record, at about a microsecond each. Neighbours in
an array mostly have the same fields null and strings as long as each other's, so an
expression without a branch, made of the first of them, steps over the others in less
than half of that (`_Layouts`). Every length is followed to its end, so that a damaged
one is found as a full decode would find it.

Schemas arrive with the packets, so that both may be hostile. What takes no bytes is never
stepped over, a record around one field is that field, and steps and patterns are counted:
the time for a record is bounded, whatever its schema says (`_Budget`).
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from schemas.errors import DeadReason, UnreadableError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    Skip = Callable[[bytes, int], int]
    SkipSome = Callable[[bytes, int, int], int]
    Match = Callable[[bytes, int], re.Match[bytes] | None]

#: A zig-zag variable-length integer: 64 bits fit ten bytes. Possessive, so it never backtracks.
_LONG = rb"[\x80-\xff]{0,9}+[\x00-\x7f]"
_FIXED_WIDTH = {"null": b"", "boolean": b".", "int": _LONG, "long": _LONG, "float": b"....", "double": b"........"}
#: Strings of up to 63 bytes have a length of one byte, so that each length is one branch.
_SHORT_STRING = b"(?>" + b"|".join(re.escape(bytes([2 * n])) + b".{%d}" % n for n in range(64)) + b")"
#: A union or enumeration of up to 64 members is told apart by one byte.
_ONE_BYTE_MEMBERS = 64
#: Longer patterns come from schemas that repeat a type inside itself many times over; they are stepped through.
_LONGEST_PATTERN = 50_000


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
        self._budget = _Budget()
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
        self._budget.steps = _Budget.STEPS
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
        pattern: bytes | None
        if name not in self._patterns:
            self._patterns[name] = None  # met again inside itself, a recursive type has no pattern
            if kind["type"] == "fixed":
                pattern = _fixed_pattern(int(kind["size"]))
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
        match = None if pattern is None else self._budget.matcher(pattern)
        if match is None:
            return slow

        def skip(body: bytes, at: int) -> int:
            found = match(body, at)
            return found.end() if found else slow(body, at)

        return skip

    def _items_skip(self, kind: Any) -> SkipSome:
        """Return the function that steps over some of an array's items."""
        if self._takes_no_bytes(kind):
            return _refuse
        return _Layouts(self._skip(kind), lambda body, at: self._layout(kind, body, at), self._budget).skip

    def _layout(self, kind: Any, body: bytes, at: int) -> tuple[bytes, int]:  # noqa: PLR0911  one for each kind
        """Return the expression of all that have the branches and lengths of the one at ``at``, and where that ends.

        Raises
        ------
        TypeError
            It holds an array or a map.
        """
        self._budget.take(_Budget.LAYOUT)
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
        if name not in _FIXED_WIDTH:
            return self._layout(name, body, at)
        found = re.compile(_FIXED_WIDTH[name], re.DOTALL).match(body, at)
        assert found is not None  # since it was stepped over before
        return _FIXED_WIDTH[name], found.end()

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
            return _blocks_skip(self._items_skip(kind["items"]), self._budget)
        if kind["type"] == "map":
            pair = _record_skip([_skip_bytes, self._skip(kind["values"])], self._budget)
            return _blocks_skip(_one_by_one(pair), self._budget)
        return self._slow_skip(kind["type"])

    def _named_skip(self, kind: Mapping[str, Any]) -> Skip:
        name = kind["name"]
        if name not in self._skips:
            # A type met again inside itself finds its own function by name, at run time.
            self._skips[name] = lambda body, at: self._skips[name](body, at)  # noqa: PLW0108  it changes below
            if kind["type"] == "record":
                parts = [field["type"] for field in kind["fields"] if not self._takes_no_bytes(field["type"])]
                self._skips[name] = _record_skip([self._skip(part) for part in parts], self._budget)
            elif kind["type"] == "enum":
                self._skips[name] = _union_skip([_skip_of_width(b"")] * len(kind["symbols"]))
            else:
                size = int(kind["size"])
                self._skips[name] = lambda _body, at: at + size
        return self._skips[name]

    def _takes_no_bytes(self, kind: Any) -> bool:
        """Whether a type is null, a fixed of size 0, or a record of nothing else: its pattern is always empty."""
        return self._pattern(kind) == b""


class _Budget:
    """What a schema's patterns may take to compile, and what a record may take to step over."""

    #: All patterns of a schema together [bytes]: a survey's have 27 kB, and these take half a second.
    PATTERNS = 400_000
    #: Steps that patterns do not save. Thousands of earlier detections, all with texts that are long, take fewer.
    STEPS = 1_000_000
    #: What one type within a layout counts for.
    LAYOUT = 4

    def __init__(self) -> None:
        self.patterns = self.PATTERNS
        self.steps = self.STEPS

    def take(self, steps: int) -> None:
        """Count steps; raises IndexError where they are too many."""
        self.steps -= steps
        if self.steps < 0:
            raise IndexError(steps)

    def matcher(self, pattern: bytes) -> Match | None:
        """Compile a pattern, or return None where the schema has too many."""
        if len(pattern) > self.patterns:
            return None
        self.patterns -= len(pattern)
        return re.compile(pattern, re.DOTALL).match


class _Layouts:
    """Steps over items by the layouts that were met before; see `RecordWalker._layout`.

    Parameters
    ----------
    slow : callable
        Steps over an item of any layout.
    layout : callable
        Returns the expression of an item's layout, and where the item ends.
    budget : _Budget
        For the patterns.
    """

    #: Damaged items have as many layouts as they like, and each takes milliseconds to compile.
    MOST = 16

    def __init__(self, slow: Skip, layout: Callable[[bytes, int], tuple[bytes, int]], budget: _Budget) -> None:
        self._slow = slow
        self._layout = layout
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
            pattern, last = self._layout(body, at)
        except TypeError:  # items that hold arrays have no layout
            self._learns = False
            return
        if len(pattern) <= _LONGEST_PATTERN and end - at <= _LONGEST_PATTERN and last == end:
            match = self._budget.matcher(pattern)
            if match is not None:
                self._matches.insert(0, match)
            self._learns = match is not None and len(self._matches) < self.MOST


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


def _fixed_pattern(size: int) -> bytes | None:
    if size < 0:
        raise ValueError(size)
    if size == 0:
        return b""
    return b".{%d}" % size if size < _LONGEST_PATTERN else None


def _refuse(_body: bytes, at: int, _count: int) -> int:
    """Step over items of no bytes: they could be counted for years, and no survey counts nothing."""
    raise IndexError(at)


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


def _record_skip(fields: Sequence[Skip], budget: _Budget) -> Skip:
    if len(fields) == 1:  # records around records around one field would each take a step
        return fields[0]

    def skip(body: bytes, at: int) -> int:
        budget.take(len(fields))
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


def _one_by_one(item: Skip) -> SkipSome:
    def skip(body: bytes, at: int, count: int) -> int:
        for _ in range(count):
            at = item(body, at)
        return at

    return skip


def _blocks_skip(items: SkipSome, budget: _Budget) -> Skip:
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
