"""Numbers that are computed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import product
from typing import Any

from consumers.client.expression.term import Kind, Term, refusal


def mapped(function: Callable[..., Any], operands: Sequence[Term], text: str) -> Term:
    """Apply a function of numbers to each combination of its operands' values; unknown of unknown ones.

    Raises
    ------
    ConfigurationError
        An operand is no number.
    """
    for operand in operands:
        if operand.kind is not Kind.NUMBER:
            raise refusal(f"{operand.quoted} is {operand.kind}, not a number")

    def value(numbers: Sequence[Any]) -> Any:
        try:
            return None if None in numbers else function(*numbers)
        except (ZeroDivisionError, OverflowError):
            return None

    return Term(
        Kind.NUMBER,
        lambda annotation: [value(one) for one in product(*(term.values(annotation) for term in operands))],
        text,
    )
