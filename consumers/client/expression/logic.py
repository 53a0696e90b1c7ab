"""Conditions, with null as unknown: Kleene's logic of three values."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from consumers.client.expression.term import Annotation, Kind, Term, refusal

#: Whether it holds; None where that is not known.
Condition = Callable[[Annotation], bool | None]


def condition(term: Term) -> Condition:
    """Return whether any of a term's values is true.

    Raises
    ------
    ConfigurationError
        It is a number, text or the like.
    """
    if term.kind is not Kind.TRUTH:
        raise refusal(f"{term.quoted} is {term.kind}, not a condition; compare it with something")
    values = term.values
    return lambda annotation: any_of(values(annotation))


def any_of(values: Sequence[bool | None]) -> bool | None:
    """Return whether one is true; of no values that is not known."""
    if True in values:
        return True
    return None if None in values or not values else False


def all_of(values: Sequence[bool | None]) -> bool | None:
    """Return whether none is false."""
    if False in values:
        return False
    return None if None in values else True


def negated(part: Term, text: str) -> Term:
    """Return ``not``: of what is unknown, unknown."""
    holds = condition(part)

    def values(annotation: Annotation) -> Sequence[bool | None]:
        value = holds(annotation)
        return (None if value is None else not value,)

    return Term(Kind.TRUTH, values, text)


def combined(parts: Sequence[Term], text: str, *, decisive: bool) -> Term:
    """``or`` is decided by one True, ``and`` by one False; without it, one unknown leaves it unknown."""
    conditions = [condition(part) for part in parts]

    def values(annotation: Annotation) -> Sequence[bool | None]:
        unknown = False
        for holds in conditions:
            value = holds(annotation)
            if value is decisive:
                return (decisive,)
            unknown |= value is None
        return (None if unknown else not decisive,)

    return Term(Kind.TRUTH, values, text)
