"""Cuts tables out of measured figures: for the terminal and, as Markdown, for a card."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from rich.table import Table as RichTable

    from consumers.evaluate_epochs.measured import Measured


@dataclass(frozen=True, slots=True)
class Table:
    """A table as it is printed.

    Attributes
    ----------
    sample, title : str
    header : tuple of str
        Starts with that of the rows' names.
    rows : tuple of tuples of str
    """

    sample: str
    title: str
    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


def tables(measured: Iterable[Measured]) -> Iterator[Table]:
    """Sort figures into tables, rows and columns in the order in which they first come."""
    sorted_: dict[tuple[str, str], dict[str, dict[str, Measured]]] = {}
    for one in measured:
        rows = sorted_.setdefault((one.sample, one.table), {})
        rows.setdefault(one.row, {})[one.column] = one
    for (sample, title), rows in sorted_.items():
        columns = list(dict.fromkeys(column for row in rows.values() for column in row))
        filled = {name: row for name, row in rows.items() if any(one.figure.n for one in row.values())}
        yield Table(
            sample,
            title,
            ("", "n", *columns),
            tuple(
                (name, _number(row.values()), *(_cell(row.get(column)) for column in columns))
                for name, row in filled.items()
            ),
        )


def markdown(found: Iterable[Table]) -> str:
    """Return tables as Markdown."""
    parts = []
    for table in found:
        lines = [table.header, ("---",) * len(table.header), *table.rows]
        body = "\n".join(f"| {' | '.join(cells)} |" for cells in lines)
        parts.append(f"### {table.sample}: {table.title}\n\n{body}\n")
    return "\n".join(parts)


def drawn(table: Table) -> RichTable:
    """Return a table for the terminal."""
    from rich.box import SIMPLE
    from rich.table import Table as RichTable

    grid = RichTable(title=f"{table.sample}: {table.title}", title_justify="left", box=SIMPLE)
    for place, name in enumerate(table.header):
        grid.add_column(name, justify="left" if place == 0 else "right", overflow="fold")
    for row in table.rows:
        grid.add_row(*row)
    return grid


def _number(row: Iterable[Measured]) -> str:
    """Return what a row's figures stand on: one number, or the smallest and the largest."""
    numbers = [one.figure.n for one in row]
    return f"{min(numbers)}" if len(set(numbers)) == 1 else f"{min(numbers)} to {max(numbers)}"


def _cell(one: Measured | None) -> str:
    if one is None or np.isnan(one.figure.value):
        return "-"
    value, low, high = (
        number * (100 if one.share else 1) for number in (one.figure.value, one.figure.low, one.figure.high)
    )
    return f"{value:.1f} ({low:.1f} to {high:.1f})" if one.share else f"{value:.3f} ({low:.3f} to {high:.3f})"
