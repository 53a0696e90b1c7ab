"""Tables: CSV and Parquet; written at the end, when all columns are known.

Ids and names come with packets, and CSV is opened by spreadsheets and terminals: no cell of it begins a formula or
holds a control character. Parquet has the texts as they are.
"""

from __future__ import annotations

import csv
import json
from datetime import datetime
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from consumers.outputs.flat import columns, flat
from consumers.printable import printable_lines
from schemas.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from consumers.outputs.row import Row

Rows = list[dict[str, Any]]

#: What spreadsheets take for the beginning of a formula, the wide forms of East Asian keyboards too.
_FORMULA = ("=", "+", "-", "@", "\uff1d", "\uff0b", "\uff0d", "\uff20")


class Table:
    """Holds flat rows, some 3 kB each, until all are there.

    Parameters
    ----------
    path : Path
    known : mapping of str to str
        Columns that the table has in any case, and their Avro types.
    write : callable
        `write_csv` or `write_parquet`.
    """

    def __init__(
        self, path: Path, known: Mapping[str, str], write: Callable[[Path, Rows, Mapping[str, str]], None]
    ) -> None:
        self._path, self._known, self._write = path, known, write
        self._rows: Rows = []

    def add(self, row: Row) -> None:
        """Take in one row."""
        self._rows.append(flat(row.fields))

    def close(self) -> None:
        """Write the table."""
        self._write(self._path, self._rows, self._known)


def write_csv(path: Path, rows: Rows, known: Mapping[str, str]) -> None:
    """Write CSV: null is an empty cell, truth `true` and `false`, a list its JSON.

    Control characters in texts are written as escapes, and before what would be a formula stands an apostrophe.
    """
    names = columns(rows, known)
    with path.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.writer(stream)
        writer.writerow(map(_cell, names))
        writer.writerows([_cell(row.get(name)) for name in names] for row in rows)


def _cell(value: Any) -> Any:
    if isinstance(value, bool | list):
        return json.dumps(value)
    if not isinstance(value, str):
        return value
    text = printable_lines(value).replace("\n", "\\n")
    return f"'{text}" if text.startswith(_FORMULA) and not _is_number(text) else text


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def write_parquet(path: Path, rows: Rows, known: Mapping[str, str]) -> None:
    """Write Parquet: nulls are null, times microseconds in UTC, lists lists, numbers doubles or longs."""
    import pyarrow as pa
    from pyarrow import parquet

    kinds = {
        "string": pa.string(), "boolean": pa.bool_(), "int": pa.int64(), "long": pa.int64(), "float": pa.float64(),
        "double": pa.float64(), "timestamp-micros": pa.timestamp("us", tz="UTC"),
    }  # fmt: skip
    arrays = {}
    for name in columns(rows, known):
        values = [row.get(name) for row in rows]
        if known.get(name) == "timestamp-micros":
            values = [None if one is None else datetime.fromisoformat(one) for one in values]
        values = [_encodable(one) if isinstance(one, str) else one for one in values]
        arrays[name] = pa.array(values, kinds[known[name]] if name in known else None)
    parquet.write_table(pa.table(arrays), path)


def _encodable(text: str) -> str:
    """Return text as it is, but for bytes of a file's name that are no text, which become escapes."""
    return text.encode("utf-8", "backslashreplace").decode()


def check_pyarrow() -> None:
    """Ask for pyarrow before the work, not after it.

    Raises
    ------
    ConfigurationError
        It is not installed.
    """
    if find_spec("pyarrow") is None:
        raise ConfigurationError("Parquet takes pyarrow: pip install pyarrow")
