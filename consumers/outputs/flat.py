"""Nested records as rows of a table.

A field within a record is named with dots: `epoch.score`. An entry of a list that has a name goes by it:
`classifications.streak.score`, `novelty.science.pValue`, `estimates.redshift.value`. Any other list stays one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import schemas

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

#: Of records in lists, the fields that name them.
_NAMING = {"classifications": "classifier", "novelty": "inputImage", "estimates": "name"}


def flat(fields: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """Return a record's values by their dotted names; nulls stay null."""
    found: dict[str, Any] = {}
    for key, value in fields.items():
        name = prefix + key
        if isinstance(value, dict):
            found |= flat(value, f"{name}.")
        elif key in _NAMING and isinstance(value, list):
            for entry in value:
                naming = _NAMING[key]
                rest = {inner: one for inner, one in entry.items() if inner != naming}
                found |= flat(rest, f"{name}.{entry[naming]}.")
        else:
            found[name] = value
    return found


def columns(rows: Iterable[Mapping[str, Any]], known: Iterable[str] = ()) -> list[str]:
    """Return the columns of flat rows: those that are known, then others as they come.

    A record that is null in one row and is one in another has the columns of its fields, and none of its own.
    """
    names = dict.fromkeys(known)
    for row in rows:
        names.update(dict.fromkeys(row))
    parents = {".".join(parts[:end]) for parts in (name.split(".") for name in names) for end in range(1, len(parts))}
    return [name for name in names if name not in parents]


def annotation_columns() -> dict[str, str]:
    """Return the columns that a table of annotations always has, and their Avro types."""
    return {"file": "string", "error": "string", **dict(_columns(schemas.load("annotation"), ""))}


def _columns(record: Mapping[str, Any], prefix: str) -> Iterator[tuple[str, str]]:
    for one in record["fields"]:
        kinds = one["type"] if isinstance(one["type"], list) else [one["type"]]
        kind = next(branch for branch in kinds if branch != "null")
        name = prefix + one["name"]
        if isinstance(kind, str):
            yield name, kind
        elif "logicalType" in kind or kind["type"] == "enum":
            yield name, kind.get("logicalType", "string")
        elif kind["type"] == "record":
            yield from _columns(kind, f"{name}.")
