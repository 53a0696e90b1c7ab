"""The parts that an expression is made of."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from schemas.errors import ConfigurationError

Annotation = Mapping[str, Any]


class Kind(StrEnum):
    """What a part of an expression is."""

    NUMBER = "a number"
    TEXT = "text"
    TRUTH = "true or false"
    TIME = "a time"
    RECORD = "a record"
    NULL = "None"


@dataclass(frozen=True, slots=True)
class Term:
    """A compiled part.

    Attributes
    ----------
    kind : Kind
    values : callable
        Its values of an annotation, several where a list is on the way.
    text : str
        As it was written, for errors.
    lists : int
        How many lists' entries are combined in its values.
    """

    kind: Kind
    values: Callable[[Annotation], Sequence[Any]]
    text: str
    lists: int = field(default=0, kw_only=True)

    @property
    def quoted(self) -> str:
        """The text, no longer than a line and without control characters."""
        return f"{self.text[:100]!a}"


@dataclass(frozen=True, slots=True)
class Constant(Term):
    """A part that has one value, whatever the annotation.

    Attributes
    ----------
    value : Any
    """

    value: Any


def constant(kind: Kind, value: Any, text: str) -> Constant:
    """Return the term of one value."""
    values = (value,)
    return Constant(kind, lambda _: values, text, value)


def refusal(what: str) -> ConfigurationError:
    """Return the error that says why an expression is none."""
    return ConfigurationError(f"filter: {what}")
