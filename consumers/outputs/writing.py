"""Writes results as they come: to files, as JSON lines or as text on standard output."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Protocol

from consumers.outputs.opening import open_outputs
from consumers.printable import printable_lines

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

    from consumers.outputs.html_report import Measure
    from consumers.outputs.row import Row


class Result(Protocol):
    """What was found of one thing in a file, or why nothing was."""

    def to_row(self) -> Row:
        """Return it as outputs take it."""

    def to_text(self) -> str:
        """Return what people read."""


def write_results(
    results: Iterable[Result],
    outs: Sequence[Path],
    title: str,
    measures: Sequence[Measure],
    known: Mapping[str, str] | None = None,
    *,
    as_json: bool = False,
) -> bool:
    """Write results, each as soon as it is known.

    Parameters
    ----------
    results : iterable of Result
    outs : sequence of Path
        Files as `open_outputs` takes them; then nothing but errors goes to the terminal, unless JSON is asked for.
    title, measures, known
        As for `open_outputs`.
    as_json : bool
        Print one JSON object a line.

    Returns
    -------
    bool
        Whether all could be read.
    """
    whole = True
    with open_outputs(outs, title, measures, known) as outputs:
        for one in results:
            row = one.to_row()
            failed = row.fields.get("error") is not None
            whole &= not failed
            for output in outputs:
                output.add(row)
            if as_json or not outs:
                sys.stdout.write((json.dumps(row.fields) if as_json else printable_lines(one.to_text())) + "\n")
                sys.stdout.flush()  # a line as soon as it is known, also into a pipe
            elif failed:
                sys.stderr.write(printable_lines(one.to_text()) + "\n")
    sys.stderr.write("".join(f"{out}\n" for out in outs))
    return whole
