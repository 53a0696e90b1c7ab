from __future__ import annotations

import csv
import io
import os
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consumers.outputs.opening import open_outputs
from consumers.outputs.row import Row


def written(folder: Path, rows: list[dict[str, Any]], name: str) -> Path:
    with open_outputs([folder / name], "a table") as (output,):
        for row in rows:
            output.add(Row(row))
    return folder / name


def cells(folder: Path, **fields: Any) -> dict[str, str]:
    (row,) = csv.DictReader(io.StringIO(written(folder, [fields], "out.csv").read_text(encoding="utf-8")))
    return row


@pytest.mark.parametrize("text", ["=HYPERLINK(0)", "+cmd", "-1+cmd", "@SUM(A1)", "\uff1dSUM(A1)"])
def test_a_text_that_would_be_a_formula_is_none(text: str, tmp_path: Path) -> None:
    assert cells(tmp_path, objectId=text)["objectId"] == f"'{text}"


@pytest.mark.parametrize(
    ("value", "cell"),
    [
        (-1.5, "-1.5"),
        (-7, "-7"),
        ("-123", "-123"),
        ("+1e-3", "+1e-3"),
        ("ZTF18a=b", "ZTF18a=b"),
        (True, "true"),
        (None, ""),
    ],
)
def test_numbers_and_other_texts_stay_as_they_are(value: object, cell: str, tmp_path: Path) -> None:
    assert cells(tmp_path, value=value)["value"] == cell


def test_control_characters_are_written_as_escapes(tmp_path: Path) -> None:
    assert cells(tmp_path, objectId="\x1b]0;x\x07\n=1")["objectId"] == r"\x1b]0;x\x07\n=1"
    assert cells(tmp_path, objectId="\t=1")["objectId"] == r"\t=1"


@given(text=st.text())
def test_no_cell_begins_a_formula_or_steers_a_terminal(text: str, tmp_path_factory: pytest.TempPathFactory) -> None:
    cell = cells(tmp_path_factory.getbasetemp(), objectId=text)["objectId"]
    assert cell.isprintable()
    if cell.startswith(("=", "+", "-", "@")):
        float(cell)


@pytest.mark.parametrize("ending", ["csv", "html", "parquet", "jsonl"])
def test_a_files_name_that_is_no_text_ends_nothing(ending: str, tmp_path: Path) -> None:
    name = os.fsdecode(b"\xff.avro")
    for row in ({"file": name, "score": 1.0}, {"file": name, "error": "damaged"}):
        assert b"dcff.avro" in written(tmp_path, [row], f"out.{ending}").read_bytes()
