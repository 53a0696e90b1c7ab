from __future__ import annotations

import re
from datetime import datetime
from pathlib import Path
from typing import Any

import schemas
from schemas.fields import example, markdown
from schemas.own import pack, unpack

PAGE = Path(schemas.__file__).with_name("FIELDS.md")


def test_the_page_is_the_one_that_the_schema_makes() -> None:
    assert PAGE.read_text(encoding="utf-8") == markdown(), "make it again: python -m schemas.fields > schemas/FIELDS.md"


def test_every_field_has_a_row_with_a_meaning() -> None:
    def names(kind: Any) -> list[str]:
        if isinstance(kind, list):
            return [name for branch in kind for name in names(branch)]
        if not isinstance(kind, dict):
            return []
        own = [field["name"] for field in kind.get("fields", ())]
        return (
            own + [name for field in kind.get("fields", ()) for name in names(field["type"])] + names(kind.get("items"))
        )

    rows = re.findall(r"^\| `([^`]+)` \| [^|]+ \| ([^|]+) \|", markdown(), re.MULTILINE)
    assert sorted(re.sub(r"[\[\]?]", "", path).rpartition(".")[2] for path, _ in rows) == sorted(
        names(schemas.load("annotation"))
    )
    assert all(meaning.strip() for _, meaning in rows)


def test_the_example_is_a_whole_annotation() -> None:
    written = example()
    for key in ("ingestTime", "annotateTime"):
        written[key] = datetime.fromisoformat(written[key])
    back = unpack("annotation", pack("annotation", written))
    assert back.keys() == written.keys()
    assert all(back[key] == written[key] for key in ("objectId", "mjd", "ingestTime", "annotateTime"))
    assert [part["classifier"] for part in back["classifications"]] == ["streak", "lens"]
