"""Where the schemas of wire-format records come from."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Protocol

from schemas.errors import DeadReason, UnreadableError
from schemas.writer import WriterSchema

if TYPE_CHECKING:
    from pathlib import Path

#: ``lsst.v10_0.alert.avsc``: Rubin registers version M.m under the number 100 M + m.
_FILE_NAME = re.compile(r"\bv(?P<major>\d+)_(?P<minor>\d+)\b.*\.avsc$")


class SchemaSource(Protocol):
    """Finds a schema by its number."""

    def get(self, schema_id: int) -> WriterSchema:
        """Return the schema of a number.

        Raises
        ------
        UnreadableError
            The source answered, and knows no such schema.
        SchemaSourceDownError
            The source did not answer: ask again later.
        """


class FolderSource:
    """Schemas in a folder, each flattened to one file named ``lsst.vMAJOR_MINOR.alert.avsc``.

    Parameters
    ----------
    folder : Path
        Looked through at each number that is new, so that a file added later is found.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._known: dict[int, WriterSchema] = {}

    def get(self, schema_id: int) -> WriterSchema:
        """Return the schema of a number; see `SchemaSource.get`."""
        if schema_id not in self._known:
            self._known[schema_id] = self._read(schema_id)
        return self._known[schema_id]

    def _read(self, schema_id: int) -> WriterSchema:
        for path in sorted(self._folder.glob("*.avsc")):
            found = _FILE_NAME.search(path.name)
            if found and 100 * int(found["major"]) + int(found["minor"]) == schema_id:
                return WriterSchema(path.read_bytes())
        raise UnreadableError(DeadReason.SCHEMA_UNKNOWN, f"schema {schema_id} is not in the folder {self._folder.name}")
