"""JSON lines: each result as soon as it is known."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import TextIO

    from consumers.outputs.row import Row


class JsonLines:
    """Writes one JSON object a line.

    Parameters
    ----------
    stream : text file
        Closed by others.
    """

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def add(self, row: Row) -> None:
        """Write one line, also into a pipe at once."""
        self._stream.write(json.dumps(row.fields) + "\n")
        self._stream.flush()

    def close(self) -> None:
        """Do nothing: all is written."""
