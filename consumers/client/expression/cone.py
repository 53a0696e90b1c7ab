"""``cone(ra, dec, radius)``: whether the alert is no farther than the radius from a place."""

from __future__ import annotations

import math
from collections.abc import Sequence

from consumers.client.expression.term import Annotation, Kind, Term, refusal


def cone(ra: Term, dec: Term, radius: Term, text: str) -> Term:
    """Return the condition; by haversines, exact for small angles too.

    Parameters
    ----------
    ra, dec, radius : Term
        Numbers that do not depend on the annotation [deg].

    Raises
    ------
    ConfigurationError
        They do.
    """
    a0, d0 = math.radians(_number(ra)), math.radians(_number(dec))
    half = math.sin(math.radians(min(_number(radius), 180.0)) / 2)

    def values(annotation: Annotation) -> Sequence[bool | None]:
        place = annotation["ra"], annotation["dec"]
        if None in place or not all(map(math.isfinite, place)):
            return (None,)
        a, d = map(math.radians, place)
        haversine = math.sin((d - d0) / 2) ** 2 + math.cos(d) * math.cos(d0) * math.sin((a - a0) / 2) ** 2
        return (haversine <= half**2,)

    return Term(Kind.TRUTH, values, text)


def _number(term: Term) -> float:
    if term.kind is Kind.NUMBER:
        try:
            (value,) = term.values({})
            return float(value)
        except (KeyError, TypeError, ValueError, OverflowError):  # a field, or a number without a value
            pass
    raise refusal(f"{term.quoted}: cone takes three numbers, ra, dec and radius [deg]")
