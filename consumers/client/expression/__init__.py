"""Filters as plain expressions over the annotation's Avro field names: ``epoch.problematic and novelty.pValue < 1e-3``.

The language is a part of Python's: comparisons (chained too), ``in``, ``and``, ``or``, ``not``, ``+ - * /``, ``abs``
and ``cone(ra, dec, radius)`` [deg]. It is parsed, checked against the schema and compiled; nothing is ever evaluated
as Python.

- A list matches if **any** of its entries does: ``novelty.pValue < 1e-3``. ``novelty.science.pValue`` is the entry of
  that input image, ``estimates.NAME.value`` the one of that name.
- A classifier's name stands for its entry: ``streak.score`` is the score of the entry of ``classifications`` with
  ``classifier == "streak"``, ``router.NAME.score`` that of ``router.NAME``. Fields of the annotation go first:
  ``streak.length`` is the streak's.
- **Null is unknown**, and what is unknown does not pass, negated or not: neither ``epoch.score > 1`` nor
  ``not epoch.score > 1`` passes an epoch that was not judged. ``epoch.score == None`` asks for it.
- Times compare with text in ISO 8601, UTC where it has no zone: ``annotateTime > "2026-11-21T03:00"``.
"""

from consumers.client.expression.compile import compile_expression

__all__ = ["compile_expression"]
