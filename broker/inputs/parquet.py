"""Rows of Parquet as records of Avro: a row is the record with the same fields.

Columns named and nested as in ZTF's or Rubin's alerts make their alerts; columns named as in
``schemas/epoch_stamp.avsc``, of which only `objectId`, `epochId` and `science` must be there, make own stamps. Images
are FITS bytes.
"""

from __future__ import annotations

import io
import json
import re
from typing import TYPE_CHECKING, Any

import fastavro

import schemas
from schemas.errors import ConfigurationError, SosiaError
from schemas.framing import container

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from pyarrow import DataType, Field

#: What the surveys read; of other columns a table may have hundreds.
_ALERTS = (
    "objectId", "candid", "candidate", "diaSourceId", "diaSource", "diaObject", "cutoutScience", "cutoutTemplate",
    "cutoutDifference",
)  # fmt: skip
_AT_ONCE = 64
_NAME = re.compile("[A-Za-z_][A-Za-z0-9_]*")


def rows(file: Path) -> Iterator[bytes]:
    """Yield each row as an object container.

    Raises
    ------
    SosiaError
        The file is damaged, or none of its columns is an alert's.
    ConfigurationError
        pyarrow is not installed.
    """
    try:
        from pyarrow import ArrowException
        from pyarrow.parquet import ParquetFile
    except ImportError as error:
        raise ConfigurationError(f"{file}: Parquet takes pyarrow: pip install pyarrow") from error
    own = [field["name"] for field in schemas.load("epoch_stamp")["fields"]]
    try:
        with ParquetFile(file) as table:
            there = table.schema_arrow
            wanted = [name for name in dict.fromkeys([*_ALERTS, *own]) if name in there.names]
            if not {"science", "cutoutScience"} & set(wanted):
                raise SosiaError(f"no column science or cutoutScience among {', '.join(there.names[:20])}")
            name = "sosia.EpochStamp" if "science" in wanted else "alert"
            avro = _record(name, [there.field(one) for one in wanted])
            parsed, text = fastavro.parse_schema(avro), json.dumps(avro)
            for batch in table.iter_batches(_AT_ONCE, columns=wanted):
                for row in batch.to_pylist():
                    buffer = io.BytesIO()
                    fastavro.schemaless_writer(buffer, parsed, row)
                    yield container(text, buffer.getvalue())
    except (ArrowException, OSError, TypeError, ValueError, OverflowError) as error:
        raise SosiaError(f"{type(error).__name__}: {error}") from error


def _record(name: str, there: Iterable[Field]) -> dict[str, Any]:
    """Return the record of some columns; those of types or names that Avro has not are left out."""
    avro = {one.name: _avro(f"{name}_{one.name}", one.type) for one in there if _NAME.fullmatch(one.name)}
    fields = [{"name": one, "type": ["null", kind]} for one, kind in avro.items() if kind is not None]
    return {"type": "record", "name": name, "fields": fields}


def _avro(name: str, kind: DataType) -> Any:
    """Return the Avro type that holds an Arrow type's values as Python has them; None where there is none."""
    from pyarrow import types

    if types.is_struct(kind):
        return _record(name.replace(".", "_"), kind)
    if types.is_list(kind) or types.is_large_list(kind):
        items = _avro(f"{name}_item", kind.value_type)
        return None if items is None else {"type": "array", "items": ["null", items]}
    if types.is_dictionary(kind):
        return _avro(name, kind.value_type)
    plain = {
        "boolean": types.is_boolean, "long": types.is_integer, "double": types.is_floating,
        "bytes": lambda one: types.is_binary(one) or types.is_large_binary(one),
        "string": lambda one: types.is_string(one) or types.is_large_string(one),
    }  # fmt: skip
    return next((avro for avro, fits in plain.items() if fits(kind)), None)
