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

from __future__ import annotations

import ast
import math
import operator
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from difflib import get_close_matches
from enum import StrEnum
from itertools import pairwise, product
from typing import Any

import schemas
from schemas.errors import ConfigurationError

Annotation = Mapping[str, Any]
#: Whether an annotation passes.
Filter = Callable[[Annotation], bool]

#: First parts of classifiers' names.
CLASSIFIERS = frozenset({"streak", "lens", "merger", "router"})
#: By which field an entry of a list may be chosen; of novelty only these.
_KEYS = {"novelty": "inputImage", "estimates": "name"}
_NOVELTY_IMAGES = frozenset({"science", "reference"})
#: Longer ones are attacks on the parser [characters].
_LONGEST = 2000

_ORDERING: Mapping[type[ast.cmpop], Callable[[Any, Any], bool]] = {
    ast.Lt: operator.lt, ast.LtE: operator.le, ast.Gt: operator.gt, ast.GtE: operator.ge,
}  # fmt: skip
_EQUALITY: Mapping[type[ast.cmpop], Callable[[Any, Any], bool]] = {
    ast.Eq: operator.eq, ast.Is: operator.eq, ast.NotEq: operator.ne, ast.IsNot: operator.ne,
}  # fmt: skip
_ARITHMETIC: Mapping[type[ast.operator], Callable[[Any, Any], Any]] = {
    ast.Add: operator.add, ast.Sub: operator.sub, ast.Mult: operator.mul, ast.Div: operator.truediv,
}  # fmt: skip


class Kind(StrEnum):
    """What a part of an expression is."""

    NUMBER = "a number"
    TEXT = "text"
    TRUTH = "true or false"
    TIME = "a time"
    RECORD = "a record"
    NULL = "None"


@dataclass(frozen=True, slots=True)
class _Term:
    """A compiled part: its kind, and its values of an annotation, several where a list is on the way."""

    kind: Kind
    values: Callable[[Annotation], Sequence[Any]]


def compile_expression(text: str) -> Filter:
    """Return the filter that an expression describes.

    Parameters
    ----------
    text : str
        See the module's description.

    Raises
    ------
    ConfigurationError
        It is none, or names no field; the message says where.

    Examples
    --------
    >>> bright = compile_expression("image.magnitude < 18 and band in ('g', 'r')")
    >>> bright({"image": {"magnitude": 17.5}, "band": "r"})
    True
    """
    if len(text) > _LONGEST:
        raise _error(f"longer than {_LONGEST} characters")
    try:
        term = _compile(ast.parse(text.strip(), mode="eval").body)
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        raise _error(f"{text[:200]!a} cannot be read: {error}") from None
    holds = _truth(term, text)
    return lambda annotation: holds(annotation) is True


def _compile(node: ast.expr) -> _Term:
    match node:
        case ast.Constant(value=value):
            return _constant(value)
        case ast.Name() | ast.Attribute():
            return _field(_names(node))
        case ast.BoolOp(op=op, values=parts):
            return _combined(parts, decisive=isinstance(op, ast.Or))
        case ast.UnaryOp(op=ast.Not(), operand=operand):
            return _negated(operand)
        case ast.Compare(left=left, ops=ops, comparators=right):
            return _comparison([left, *right], ops)
    return _computed(node)


def _computed(node: ast.expr) -> _Term:
    match node:
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            return _mapped(operator.neg, operand)
        case ast.BinOp(left=left, op=op, right=right) if type(op) in _ARITHMETIC:
            return _mapped(_ARITHMETIC[type(op)], left, right)
        case ast.Call(func=ast.Name(id="abs"), args=[operand], keywords=[]):
            return _mapped(abs, operand)
        case ast.Call(func=ast.Name(id="cone"), args=[ra, dec, radius], keywords=[]):
            return _cone(*(_number(part) for part in (ra, dec, radius)))
    raise _error(f"{ast.unparse(node)[:100]!a} is not of the filters' language")


def _constant(value: object) -> _Term:
    kinds = {bool: Kind.TRUTH, int: Kind.NUMBER, float: Kind.NUMBER, str: Kind.TEXT, type(None): Kind.NULL}
    if type(value) not in kinds:
        raise _error(f"{value!a} is neither a number, text, True, False nor None")
    values = (value,)
    return _Term(kinds[type(value)], lambda _: values)


def _names(node: ast.expr) -> list[str]:
    match node:
        case ast.Name(id=name):
            return [name]
        case ast.Attribute(value=value, attr=name):
            return [*_names(value), name]
    raise _error(f"{ast.unparse(node)[:100]!a} is no field")


# ---- fields ----------------------------------------------------------------------------------------


def _field(names: list[str]) -> _Term:
    """Return the term of a field; first as the schema has it, then by the names of entries."""
    fields = _fields_of(schemas.load("annotation"))
    root, path = names[0], ".".join(names)
    if root in CLASSIFIERS and not _is_path(fields, names):
        *head, last = names
        classifier, steps = ".".join(head), ["classifications", last]
        return _entries(fields, steps, "classifier", classifier) if head else _walked(fields, names)
    if root in _KEYS and len(names) == 3 and (root != "novelty" or names[1] in _NOVELTY_IMAGES):
        return _entries(fields, [root, names[2]], _KEYS[root], names[1])
    if root not in fields:
        near = get_close_matches(root, [*fields, *CLASSIFIERS], 1)
        raise _error(f"there is no field {path!a}" + (f"; did you mean {near[0]}?" if near else ""))
    return _walked(fields, names)


def _walked(fields: Mapping[str, Any], names: list[str]) -> _Term:
    return _Term(_leaf(fields, names), _values_at(names))


def _entries(fields: Mapping[str, Any], steps: list[str], key: str, wanted: str) -> _Term:
    """Return the term of a field of those entries of a list whose key is the wanted one."""
    array, name = steps
    kind = _leaf(fields, steps)

    def values(annotation: Annotation) -> Sequence[Any]:
        return [entry.get(name) for entry in annotation[array] if entry[key] == wanted]

    return _Term(kind, values)


def _values_at(names: Sequence[str]) -> Callable[[Annotation], Sequence[Any]]:
    """Return what reads the values at a path; one or two steps to a plain value, nearly all there are, at once."""
    first, *rest = names

    def values(annotation: Annotation) -> Sequence[Any]:
        found = annotation.get(first)
        for place, name in enumerate(rest):
            if isinstance(found, list):
                return _flat(found, rest[place:])
            found = None if found is None else found.get(name)
        return (found,)

    return values


def _flat(entries: list[Any], names: Sequence[str]) -> list[Any]:
    """Return the values at a path from each entry of a list, lists on the way unfolded."""
    for name in names:
        entries = [None if entry is None else entry.get(name) for entry in entries]
        if entries and isinstance(entries[0], list):
            entries = [inner for entry in entries for inner in entry or ()]
    return entries


def _is_path(fields: Mapping[str, Any], names: Sequence[str]) -> bool:
    for name in names:
        if name not in fields:
            return False
        fields = _fields_of(fields[name])
    return True


def _leaf(fields: Mapping[str, Any], names: Sequence[str]) -> Kind:
    """Return what the field at the end of a path is."""
    avro: Any = None
    for depth, name in enumerate(names):
        if name not in fields:
            near = get_close_matches(name, list(fields), 1)
            mend = f"; did you mean {near[0]}?" if near else f"; it has {', '.join(fields)}" if fields else ""
            raise _error(f"{'.'.join(names[:depth]) or 'the annotation'} has no field {name!a}{mend}")
        avro = _plain(fields[name])
        fields = _fields_of(avro)
    if isinstance(avro, dict):
        if avro.get("logicalType", "").startswith("timestamp"):
            return Kind.TIME
        if fields:
            return Kind.RECORD
        avro = avro["type"]
    return {"string": Kind.TEXT, "boolean": Kind.TRUTH}.get(avro, Kind.NUMBER)


def _plain(avro: Any) -> Any:
    """Strip null and lists off a type."""
    if isinstance(avro, list):
        (avro,) = (branch for branch in avro if branch != "null")
    return _plain(avro["items"]) if isinstance(avro, dict) and avro["type"] == "array" else avro


def _fields_of(avro: Any) -> dict[str, Any]:
    avro = _plain(avro)
    fields = avro.get("fields", ()) if isinstance(avro, dict) else ()
    return {field["name"]: field["type"] for field in fields}


# ---- conditions, with null as unknown (Kleene's logic) -----------------------------------------------


def _truth(term: _Term, text: str) -> Callable[[Annotation], bool | None]:
    """Return whether any value is true: None where that is not known."""
    if term.kind is not Kind.TRUTH:
        raise _error(f"{text[:100]!a} is {term.kind}, not a condition; compare it with something")
    values = term.values
    return lambda annotation: _any(values(annotation))


def _any(values: Sequence[bool | None]) -> bool | None:
    if True in values:
        return True
    return None if None in values or not values else False


def _negated(part: ast.expr) -> _Term:
    holds = _truth(_compile(part), ast.unparse(part))

    def values(annotation: Annotation) -> Sequence[bool | None]:
        value = holds(annotation)
        return (None if value is None else not value,)

    return _Term(Kind.TRUTH, values)


def _combined(parts: list[ast.expr], *, decisive: bool) -> _Term:
    """``or`` is decided by one True, ``and`` by one False; without it, one unknown leaves it unknown."""
    conditions = [_truth(_compile(part), ast.unparse(part)) for part in parts]

    def values(annotation: Annotation) -> Sequence[bool | None]:
        unknown = False
        for holds in conditions:
            value = holds(annotation)
            if value is decisive:
                return (decisive,)
            unknown |= value is None
        return (None if unknown else not decisive,)

    return _Term(Kind.TRUTH, values)


def _comparison(parts: list[ast.expr], ops: list[ast.cmpop]) -> _Term:
    terms = [
        _members(part) if place and isinstance(ops[place - 1], ast.In | ast.NotIn) else _compile(part)
        for place, part in enumerate(parts)
    ]
    terms = _times(terms)
    checks = []
    for op, (left, right), where in zip(ops, pairwise(terms), pairwise(parts), strict=True):
        checks.append(_check(op, left.kind, right.kind, " and ".join(ast.unparse(part)[:60] for part in where)))
    null_asked = any(term.kind is Kind.NULL for term in terms)
    if len(terms) == 2 and not null_asked:  # nearly all of them, and in half the time
        (left, right), (check,) = terms, checks
        return _Term(
            Kind.TRUTH,
            lambda annotation: [check(a, b) for a in left.values(annotation) for b in right.values(annotation)],
        )

    def values(annotation: Annotation) -> Sequence[bool | None]:
        found = [term.values(annotation) for term in terms]
        if null_asked:
            found = [one or (None,) for one in found]  # an entry that is not there has no value either
        return (_any([_all(checks, combination) for combination in product(*found)]),)

    return _Term(Kind.TRUTH, values)


def _all(checks: Sequence[Callable[[Any, Any], bool | None]], values: Sequence[Any]) -> bool | None:
    results = [check(left, right) for check, (left, right) in zip(checks, pairwise(values), strict=True)]
    if False in results:
        return False
    return None if None in results else True


def _check(op: ast.cmpop, left: Kind, right: Kind, where: str) -> Callable[[Any, Any], bool | None]:
    """Return the comparison of two values: None where one of them is unknown."""
    known: Callable[[Any, Any], bool]
    if Kind.NULL in (left, right):
        if type(op) not in _EQUALITY:
            raise _error(f"{where}: None is only equal or unequal to something")
        return _EQUALITY[type(op)]
    if left is not right or left is Kind.RECORD:
        raise _error(f"{where}: {left} does not compare with {right}")
    if isinstance(op, ast.In):
        known = lambda value, container: value in container  # noqa: E731  one of a choice of functions
    elif isinstance(op, ast.NotIn):
        known = lambda value, container: value not in container  # noqa: E731  see above
    elif type(op) in _EQUALITY:
        known = _EQUALITY[type(op)]
    elif left is Kind.TRUTH:
        raise _error(f"{where}: true and false have no order")
    else:
        known = _ORDERING[type(op)]
    return lambda a, b: None if a is None or b is None else known(a, b)


def _members(node: ast.expr) -> _Term:
    """Return what follows ``in``: a list of constants, or text in which text is looked for."""
    if not isinstance(node, ast.Tuple | ast.List | ast.Set):
        term = _compile(node)
        if term.kind is not Kind.TEXT:
            raise _error(f"{ast.unparse(node)[:100]!a}: 'in' wants a list, such as ('g', 'r')")
        return term
    members = [_compile(member) for member in node.elts]
    kinds = {member.kind for member in members}
    if len(kinds) != 1 or not all(isinstance(member, ast.Constant) for member in node.elts):
        raise _error(f"{ast.unparse(node)[:100]!a} is no list of constants of one kind")
    values = ([value for member in members for value in member.values({})],)
    return _Term(kinds.pop(), lambda _: values)


def _times(terms: list[_Term]) -> list[_Term]:
    """Where a time is compared, read text as one."""
    if all(term.kind is not Kind.TIME for term in terms):
        return terms
    return [_as_time(term) if term.kind is Kind.TEXT else term for term in terms]


def _as_time(term: _Term) -> _Term:
    try:
        (text,) = term.values({})
        time = datetime.fromisoformat(text)
    except (KeyError, ValueError, TypeError):
        raise _error("a time is compared with something that is no time in ISO 8601") from None
    values = (time if time.tzinfo else time.replace(tzinfo=UTC),)
    return _Term(Kind.TIME, lambda _: values)


# ---- numbers ---------------------------------------------------------------------------------------


def _mapped(function: Callable[..., Any], *operands: ast.expr) -> _Term:
    """Apply a function of numbers to each combination of its operands' values; unknown of unknown ones."""
    terms = [_compile(operand) for operand in operands]
    for term, operand in zip(terms, operands, strict=True):
        if term.kind is not Kind.NUMBER:
            raise _error(f"{ast.unparse(operand)[:100]!a} is {term.kind}, not a number")

    def value(numbers: Sequence[Any]) -> Any:
        try:
            return None if None in numbers else function(*numbers)
        except (ZeroDivisionError, OverflowError):
            return None

    return _Term(
        Kind.NUMBER, lambda annotation: [value(one) for one in product(*(term.values(annotation) for term in terms))]
    )


def _number(node: ast.expr) -> float:
    term = _compile(node)
    if term.kind is Kind.NUMBER:
        try:
            (value,) = term.values({})
            return float(value)
        except (KeyError, TypeError, OverflowError):  # a field, or a number without a value
            pass
    raise _error(f"{ast.unparse(node)[:100]!a}: cone takes three numbers, ra, dec and radius [deg]")


def _cone(ra: float, dec: float, radius: float) -> _Term:
    """Whether the alert is no farther than the radius from a place; haversines, exact for small angles too."""
    ra, dec, half = math.radians(ra), math.radians(dec), math.sin(math.radians(min(radius, 180.0)) / 2)

    def values(annotation: Annotation) -> Sequence[bool | None]:
        if annotation["ra"] is None or annotation["dec"] is None:
            return (None,)
        a, d = math.radians(annotation["ra"]), math.radians(annotation["dec"])
        haversine = math.sin((d - dec) / 2) ** 2 + math.cos(d) * math.cos(dec) * math.sin((a - ra) / 2) ** 2
        return (haversine <= half**2,)

    return _Term(Kind.TRUTH, values)


def _error(what: str) -> ConfigurationError:
    return ConfigurationError(f"filter: {what}")
