"""Opens an output by its file's ending."""

from __future__ import annotations

from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING

from consumers.outputs.html_report import HtmlReport
from consumers.outputs.json_lines import JsonLines
from consumers.outputs.table import Table, check_pyarrow, write_csv, write_parquet
from schemas.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from consumers.outputs.html_report import Measure
    from consumers.outputs.row import Output

ENDINGS = (".jsonl", ".csv", ".parquet", ".html")


@contextmanager
def open_outputs(
    paths: Sequence[Path], title: str, measures: Sequence[Measure] = (), known: Mapping[str, str] | None = None
) -> Iterator[list[Output]]:
    """Open outputs, and close them when all is done; what was done before an interruption is written too.

    Parameters
    ----------
    paths : sequence of Path
        Their endings are of `ENDINGS`.
    title : str
        Of a report.
    measures : sequence of Measure
        What a report can be sorted by, the first one to begin with.
    known : mapping of str to str, optional
        Columns that a table has in any case, and their Avro types; by default `file` and `error`.

    Raises
    ------
    ConfigurationError
        An ending is none of these, a file cannot be written, or Parquet lacks pyarrow: all before any work.
    """
    columns = known or {"file": "string", "error": "string"}
    with ExitStack() as stack:
        yield [stack.enter_context(_opened(path, title, measures, columns)) for path in paths]


@contextmanager
def _opened(path: Path, title: str, measures: Sequence[Measure], columns: Mapping[str, str]) -> Iterator[Output]:
    ending = path.suffix.lower()
    if ending not in ENDINGS:
        raise ConfigurationError(f"--out {path}: the file's ending is none of {', '.join(ENDINGS)}")
    if ending == ".parquet":
        check_pyarrow()
    try:
        # Names of files may hold bytes that are no text; they must not end the work at its end.
        stream = path.open("w", encoding="utf-8", errors="backslashreplace")
    except OSError as error:
        raise ConfigurationError(f"--out {path}: cannot be written: {error.strerror}") from error
    with stream:
        output: Output
        if ending == ".jsonl":
            output = JsonLines(stream)
        elif ending == ".html":
            output = HtmlReport(stream, title, measures)
        else:
            output = Table(path, columns, write_csv if ending == ".csv" else write_parquet)
        try:
            yield output
        finally:
            output.close()
