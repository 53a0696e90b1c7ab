"""Parses an expression and puts the parts of it together."""

from __future__ import annotations

import ast
import operator
from collections.abc import Callable, Mapping
from typing import Any

from consumers.client.expression.arithmetic import mapped
from consumers.client.expression.comparison import comparison
from consumers.client.expression.cone import cone
from consumers.client.expression.fields import field
from consumers.client.expression.logic import combined, condition, negated
from consumers.client.expression.term import Annotation, Constant, Kind, Term, constant, refusal

#: Whether an annotation passes.
Filter = Callable[[Annotation], bool]

#: Longer ones are attacks on the parser [characters].
_LONGEST = 2000
_ARITHMETIC: Mapping[type[ast.operator], Callable[[Any, Any], Any]] = {
    ast.Add: operator.add, ast.Sub: operator.sub, ast.Mult: operator.mul, ast.Div: operator.truediv,
}  # fmt: skip
_KINDS = {bool: Kind.TRUTH, int: Kind.NUMBER, float: Kind.NUMBER, str: Kind.TEXT, type(None): Kind.NULL}


def compile_expression(text: str) -> Filter:
    """Return the filter that an expression describes.

    Parameters
    ----------
    text : str
        See `consumers.client.expression`.

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
        raise refusal(f"longer than {_LONGEST} characters")
    try:
        term = _compile(ast.parse(text.strip(), mode="eval").body)
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        raise refusal(f"{text[:200]!a} cannot be read: {error}") from None
    holds = condition(term)
    return lambda annotation: holds(annotation) is True


def _compile(node: ast.expr) -> Term:
    text = ast.unparse(node)
    match node:
        case ast.Constant(value=value):
            return _constant(value, text)
        case ast.Name() | ast.Attribute():
            return field(_names(node))
        case ast.BoolOp(op=op, values=parts):
            return combined([_compile(part) for part in parts], text, decisive=isinstance(op, ast.Or))
        case ast.UnaryOp(op=ast.Not(), operand=operand):
            return negated(_compile(operand), text)
        case ast.Compare(left=left, ops=ops, comparators=right):
            terms = [_compile(left)]
            terms += [
                _members(part) if isinstance(op, ast.In | ast.NotIn) else _compile(part)
                for op, part in zip(ops, right, strict=True)
            ]
            return comparison(terms, ops, text)
    return _computed(node, text)


def _computed(node: ast.expr, text: str) -> Term:
    match node:
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            return mapped(operator.neg, [_compile(operand)], text)
        case ast.BinOp(left=left, op=op, right=right) if type(op) in _ARITHMETIC:
            return mapped(_ARITHMETIC[type(op)], [_compile(left), _compile(right)], text)
        case ast.Call(func=ast.Name(id="abs"), args=[operand], keywords=[]):
            return mapped(abs, [_compile(operand)], text)
        case ast.Call(func=ast.Name(id="cone"), args=[ra, dec, radius], keywords=[]):
            return cone(_compile(ra), _compile(dec), _compile(radius), text)
    raise refusal(f"{text[:100]!a} is not of the filters' language")


def _constant(value: object, text: str) -> Constant:
    if type(value) not in _KINDS:
        raise refusal(f"{value!a} is neither a number, text, True, False nor None")
    return constant(_KINDS[type(value)], value, text)


def _members(node: ast.expr) -> Term:
    """Return what follows ``in``: a list of constants, or text in which text is looked for."""
    text = ast.unparse(node)
    if not isinstance(node, ast.Tuple | ast.List | ast.Set):
        term = _compile(node)
        if term.kind is not Kind.TEXT:
            raise refusal(f"{term.quoted}: 'in' wants a list, such as ('g', 'r')")
        return term
    members = [_constant(part.value, text) for part in node.elts if isinstance(part, ast.Constant)]
    kinds = {member.kind for member in members}
    if len(kinds) != 1 or len(members) < len(node.elts):
        raise refusal(f"{text[:100]!a} is no list of constants of one kind")
    return constant(kinds.pop(), [member.value for member in members], text)


def _names(node: ast.expr) -> list[str]:
    match node:
        case ast.Name(id=name):
            return [name]
        case ast.Attribute(value=value, attr=name):
            return [*_names(value), name]
    raise refusal(f"{ast.unparse(node)[:100]!a} is no field")
