"""Fields: as the annotation's schema has them, and by the names of a list's entries."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from difflib import get_close_matches
from typing import Any

import schemas
from consumers.client.expression.term import Annotation, Kind, Term, refusal

#: First parts of classifiers' names.
CLASSIFIERS = frozenset({"streak", "lens", "merger", "router"})
#: By which field an entry of a list may be chosen; of novelty only these.
_KEYS = {"novelty": "inputImage", "estimates": "name"}
_NOVELTY_IMAGES = frozenset({"science", "reference"})


def field(names: Sequence[str]) -> Term:
    """Return the term of a field; first as the schema has it, then by the names of entries."""
    fields = _fields_of(schemas.load("annotation"))
    root, path = names[0], ".".join(names)
    if root in CLASSIFIERS and not _is_path(fields, names):
        *head, last = names
        classifier = ".".join(head)
        return _entries(fields, ("classifications", last), "classifier", classifier) if head else _walked(fields, names)
    if root in _KEYS and len(names) == 3 and (root != "novelty" or names[1] in _NOVELTY_IMAGES):
        return _entries(fields, (root, names[2]), _KEYS[root], names[1])
    if root not in fields:
        near = get_close_matches(root, [*fields, *CLASSIFIERS], 1)
        raise refusal(f"there is no field {path!a}" + (f"; did you mean {near[0]}?" if near else ""))
    return _walked(fields, names)


def _walked(fields: Mapping[str, Any], names: Sequence[str]) -> Term:
    return Term(_leaf(fields, names), _values_at(names), ".".join(names), lists=_lists(fields, names))


def _entries(fields: Mapping[str, Any], steps: tuple[str, str], key: str, wanted: str) -> Term:
    """Return the term of a field of those entries of a list whose key is the wanted one."""
    array, name = steps
    kind = _leaf(fields, steps)

    def values(annotation: Annotation) -> Sequence[Any]:
        return [entry.get(name) for entry in annotation[array] if entry[key] == wanted]

    return Term(kind, values, f"{wanted}.{name}")


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
            raise refusal(f"{'.'.join(names[:depth]) or 'the annotation'} has no field {name!a}{mend}")
        avro = _plain(fields[name])
        fields = _fields_of(avro)
    if isinstance(avro, dict):
        if avro.get("logicalType", "").startswith("timestamp"):
            return Kind.TIME
        if fields:
            return Kind.RECORD
        avro = avro["type"]
    return {"string": Kind.TEXT, "boolean": Kind.TRUTH}.get(avro, Kind.NUMBER)


def _lists(fields: Mapping[str, Any], names: Sequence[str]) -> int:
    """Return how many lists lie on the way to a field."""
    count = 0
    for name in names:
        branches = fields[name] if isinstance(fields[name], list) else [fields[name]]
        count += any(isinstance(one, dict) and one["type"] == "array" for one in branches)
        fields = _fields_of(fields[name])
    return count


def _plain(avro: Any) -> Any:
    """Strip null and lists off a type."""
    if isinstance(avro, list):
        (avro,) = (branch for branch in avro if branch != "null")
    return _plain(avro["items"]) if isinstance(avro, dict) and avro["type"] == "array" else avro


def _fields_of(avro: Any) -> dict[str, Any]:
    avro = _plain(avro)
    fields = avro.get("fields", ()) if isinstance(avro, dict) else ()
    return {one["name"]: one["type"] for one in fields}
