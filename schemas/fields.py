"""The table of all fields of the annotation, made from its schema: ``python -m schemas.fields > schemas/FIELDS.md``.

Meanings and units are the schema's; the examples are one whole annotation, ``annotation_example.json``.
"""

from __future__ import annotations

import json
import re
import sys
from importlib.resources import files
from typing import TYPE_CHECKING, Any

import schemas

if TYPE_CHECKING:
    from collections.abc import Iterator

_UNIT = re.compile(r" *\[(?P<unit>[^\]]+)\]")


def example() -> dict[str, Any]:
    """Return one annotation, every part filled, as JSON has it: times in ISO 8601."""
    text = files(schemas).joinpath("annotation_example.json").read_text(encoding="utf-8")
    record: dict[str, Any] = json.loads(text)
    return record


def markdown() -> str:
    """Return the page ``FIELDS.md``."""
    schema = schemas.load("annotation")
    rows = "\n".join(_rows(schema, example(), ""))
    return (
        f"# The annotation: record `{schema['namespace']}.{schema['name']}`\n\n"
        "<!-- Made by `python -m schemas.fields`; edit annotation.avsc or annotation_example.json instead. -->\n\n"
        f"{schema['doc']}\n\n"
        "It is the last field, `annotation`, of each packet in `sosia.SURVEY.annotated.v1`, and the whole "
        "of each record in `sosia.SURVEY.scores.v1`.\nA name with `[]` is a list's entry; `?` marks what may be null. "
        "`sosia tail --where` takes the names without either.\n\n"
        f"| field | type | meaning | unit | example |\n|---|---|---|---|---|\n{rows}\n"
    )


def _rows(record: dict[str, Any], values: Any, prefix: str) -> Iterator[str]:
    for field in record["fields"]:
        kind, null, many = _plain(field["type"])
        name, value = f"{prefix}{field['name']}", None if values is None else values[field["name"]]
        shown = name + ("[]" if many else "") + ("?" if null else "")
        inner = value[0] if many and value else value
        if isinstance(kind, dict) and kind["type"] == "record":
            yield _row(shown, "list of records" if many else "record", field["doc"], "")
            yield from _rows(kind, inner, f"{shown}.")
        else:
            yield _row(shown, _name(kind), field["doc"], f"`{json.dumps(inner)}`")


def _plain(kind: Any) -> tuple[Any, bool, bool]:
    """Return a type without null and list, and whether it had them."""
    null = isinstance(kind, list)
    if null:
        (kind,) = (branch for branch in kind if branch != "null")
    many = isinstance(kind, dict) and kind["type"] == "array"
    return (kind["items"] if many else kind), null, many


def _name(kind: Any) -> str:
    return str(kind.get("logicalType", kind["type"])) if isinstance(kind, dict) else str(kind)


def _row(name: str, kind: str, doc: str, shown: str) -> str:
    unit = _UNIT.search(doc)
    meaning = _UNIT.sub("", doc).strip(" ,").replace("|", "\\|") if unit else doc.replace("|", "\\|")
    return f"| `{name}` | {kind} | {meaning} | {unit['unit'] if unit else ''} | {shown} |"


if __name__ == "__main__":
    sys.stdout.write(markdown())
