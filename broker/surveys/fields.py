"""Reading a packet's fields: what must be there, and what may be missing, null or a sentinel."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from schemas.errors import DeadReason, UnreadableError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from schemas.framing import Framed

#: Surveys' ids are short; more is damage, and would travel as a Kafka key and a file name.
_LONGEST_ID = 128
_LONGEST_BAND = 16
#: Surveys write -999, -9999 or -99999 where they know nothing.
_SENTINELS = (-999.0, -9999.0, -99999.0)


def record(framed: Framed, fields: Iterable[str]) -> dict[str, Any]:
    """Decode some top-level fields of a record, after stepping over all of it.

    Raises
    ------
    UnreadableError
        A length or a branch is wrong, or the body goes on after its last field.
    """
    spans = framed.schema.spans(framed.body)
    end = max((last for _, last in spans.values()), default=0)
    if end != len(framed.body):
        raise UnreadableError(
            DeadReason.TRAILING_BYTES, f"the body ends {len(framed.body) - end} bytes after its last field"
        )
    return {field: framed.schema.decode(framed.body, spans, field) for field in fields}


def identifier(name: str, value: Any) -> str:
    """Return an id as text.

    Raises
    ------
    UnreadableError
        It is missing, empty, too long, or has characters that no id has.
    """
    text = str(value) if isinstance(value, str | int) else ""
    if not 0 < len(text) <= _LONGEST_ID or not text.isascii() or not text.isprintable():
        raise UnreadableError(DeadReason.IDENTIFIERS, f"{name} is {text[:_LONGEST_ID]!a}")
    return text


def same_identifier(name: str, value: Any, expected: str) -> None:
    """Check an id that a packet tells twice.

    Raises
    ------
    UnreadableError
        The two differ: one of them is damaged, and nobody can tell which.
    """
    if value is not None and str(value) != expected:
        told = ascii(value)[:_LONGEST_ID]
        raise UnreadableError(DeadReason.IDENTIFIERS, f"{name} is {told} where the alert says {expected}")


def group(value: Any) -> Mapping[str, Any]:
    """Return a nested record; an empty one for what is none."""
    return value if isinstance(value, dict) else {}


def image(value: Any) -> bytes | None:
    """Return an image's bytes, or None for what is none."""
    return value if isinstance(value, bytes) else None


def band(value: Any) -> str | None:
    """Return a filter's name, or None for what is none: the name becomes a label and part of file names."""
    if not isinstance(value, str) or not 0 < len(value) <= _LONGEST_BAND or not (value.isascii() and value.isalnum()):
        return None
    return value


def number(value: Any) -> float | None:
    """Return a finite number, or None for what is missing, not finite or a sentinel."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value) if math.isfinite(value) and value not in _SENTINELS else None


def positive(value: Any) -> float | None:
    """Return a number over 0, or None for any other: no size and no time is less, and all are divided by."""
    found = number(value)
    return found if found is not None and found > 0.0 else None
