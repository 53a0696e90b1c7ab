"""Comparisons: of equal kinds only, and unknown where one side is."""

from __future__ import annotations

import ast
import operator
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from itertools import pairwise, product
from typing import Any

from consumers.client.expression.logic import all_of, any_of
from consumers.client.expression.term import Annotation, Constant, Kind, Term, constant, refusal

#: Whether two values are so; None where that is not known.
Check = Callable[[Any, Any], bool | None]

_ORDERING: Mapping[type[ast.cmpop], Callable[[Any, Any], bool]] = {
    ast.Lt: operator.lt, ast.LtE: operator.le, ast.Gt: operator.gt, ast.GtE: operator.ge,
}  # fmt: skip
_EQUALITY: Mapping[type[ast.cmpop], Callable[[Any, Any], bool]] = {
    ast.Eq: operator.eq, ast.Is: operator.eq, ast.NotEq: operator.ne, ast.IsNot: operator.ne,
}  # fmt: skip
_MEMBERSHIP: Mapping[type[ast.cmpop], Callable[[Any, Any], bool]] = {
    ast.In: lambda value, container: value in container, ast.NotIn: lambda value, container: value not in container,
}  # fmt: skip


def comparison(terms: Sequence[Term], ops: Sequence[ast.cmpop], text: str) -> Term:
    """Return whether a chain of comparisons holds for any combination of the terms' values.

    Raises
    ------
    ConfigurationError
        Two of them do not compare.
    """
    terms = _with_times(terms)
    checks = [_check(op, left, right) for op, (left, right) in zip(ops, pairwise(terms), strict=True)]
    null_asked = any(term.kind is Kind.NULL for term in terms)
    if len(terms) == 2 and not null_asked:  # nearly all of them, and in half the time
        (left, right), (check,) = terms, checks
        return Term(
            Kind.TRUTH,
            lambda annotation: [check(a, b) for a in left.values(annotation) for b in right.values(annotation)],
            text,
        )

    def values(annotation: Annotation) -> Sequence[bool | None]:
        found = [term.values(annotation) for term in terms]
        if null_asked:
            found = [one or (None,) for one in found]  # an entry that is not there has no value either
        return (any_of([_chain(checks, combination) for combination in product(*found)]),)

    return Term(Kind.TRUTH, values, text)


def _chain(checks: Sequence[Check], values: Sequence[Any]) -> bool | None:
    return all_of([check(left, right) for check, (left, right) in zip(checks, pairwise(values), strict=True)])


def _check(op: ast.cmpop, left: Term, right: Term) -> Check:
    """Return the comparison of two values: None where one of them is unknown."""
    where = f"{left.text[:60]} and {right.text[:60]}"
    if Kind.NULL in (left.kind, right.kind):
        if type(op) not in _EQUALITY:
            raise refusal(f"{where}: None is only equal or unequal to something")
        return _EQUALITY[type(op)]
    if left.kind is not right.kind or left.kind is Kind.RECORD:
        raise refusal(f"{where}: {left.kind} does not compare with {right.kind}")
    if left.kind is Kind.TRUTH and type(op) in _ORDERING:
        raise refusal(f"{where}: true and false have no order")
    known = {**_MEMBERSHIP, **_EQUALITY, **_ORDERING}[type(op)]
    return lambda a, b: None if a is None or b is None else known(a, b)


def _with_times(terms: Sequence[Term]) -> Sequence[Term]:
    """Where a time is compared, read text as one."""
    if all(term.kind is not Kind.TIME for term in terms):
        return terms
    return [_as_time(term) if term.kind is Kind.TEXT else term for term in terms]


def _as_time(term: Term) -> Constant:
    try:
        time = datetime.fromisoformat(term.value if isinstance(term, Constant) else "")
    except (ValueError, TypeError):  # a field, a list of texts, or text that tells no time
        raise refusal("a time is compared with something that is no time in ISO 8601") from None
    return constant(Kind.TIME, time if time.tzinfo else time.replace(tzinfo=UTC), term.text)
