"""Numbers that are computed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import product
from typing import Any

from consumers.client.expression.term import Kind, Term, refusal

#: Combinations of the entries of more lists take the page's time for minutes.
_MOST_LISTS = 2


def mapped(function: Callable[..., Any], operands: Sequence[Term], text: str) -> Term:
    """Apply a function of numbers to each combination of its operands' values; unknown of unknown ones.

    Raises
    ------
    ConfigurationError
        An operand is no number, or they combine too many lists.
    """
    for operand in operands:
        if operand.kind is not Kind.NUMBER:
            raise refusal(f"{operand.quoted} is {operand.kind}, not a number")
    lists = sum(operand.lists for operand in operands)
    if lists > _MOST_LISTS:
        raise refusal(
            f"{text[:100]!a} combines the entries of {lists} lists, more than {_MOST_LISTS}; name an entry, such as "
            "novelty.science.pValue"
        )

    def value(numbers: Sequence[Any]) -> Any:
        try:
            return None if None in numbers else function(*numbers)
        except (ZeroDivisionError, OverflowError):
            return None

    return Term(
        Kind.NUMBER,
        lambda annotation: [value(one) for one in product(*(term.values(annotation) for term in operands))],
        text,
        lists=lists,
    )
