"""What a demonstration's results say, as tables: for the terminal and for the page alike."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from consumers.printable import printable

if TYPE_CHECKING:
    from rich.console import Console

    from consumers.demo.rare import RareRow
    from consumers.demo.results import Results

UNTRAINED = (
    "UNTRAINED BACKBONE: no ImageNet weights were to be had, so random ones were used. "
    "The stream is real, the distances mean nothing. Set SOSIA_BACKBONE__WEIGHTS to a Keras weights file."
)
# Letters of the backbone's digest that are shown.
DIGEST = 12


@dataclass(frozen=True, slots=True)
class Table:
    """A titled table of text, whose last columns hold numbers."""

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    numbers: int = 1

    def holds_numbers(self, column: int) -> bool:
        """Whether a column, counted from 0, holds numbers."""
        return column >= len(self.columns) - self.numbers


def facts(results: Results) -> list[tuple[str, str]]:
    """Return name and value of what is said of the whole."""
    audit = results.audit
    unscored = sum((result.unscored for result in results.surveys.values()), Counter[str]())
    return [
        ("streamed", printable(results.title)),
        ("published", str(sum(results.published.values()))),
        ("annotated", str(results.annotated)),
        ("dead letters", str(results.dead) + _reasons(audit.reasons)),
        ("no distance", str(unscored.total()) + _reasons(unscored)),
        ("ledger", "in balance" if audit.balanced else "NOT in balance"),
        (
            "throughput",
            "-" if results.rate is None else f"{results.rate:.0f} alerts/s, with the first batch's start-up",
        ),
        ("backbone", ", ".join(f"{name} ({digest[:DIGEST]})" for name, digest in sorted(results.backbones.items()))),
    ]


def tables(results: Results) -> list[Table]:
    """Return the tables of a demonstration: by survey, the rare classes, and what was simulated."""
    shown = [
        Table(
            "By survey",
            ("survey", "published", "annotated", "flagged", "no distance", "median distance"),
            tuple(
                (
                    survey,
                    str(results.published[survey]),
                    str(result.annotated),
                    str(len(result.flagged)),
                    str(result.unscored.total()),
                    number(result.median),
                )
                for survey, result in results.surveys.items()
            ),
            numbers=5,
        )
    ]
    if rare := results.rare:
        shown += _rare(rare, simulated=bool(results.truths))
    if not results.truths:
        return shown
    simulated = Table(
        "Simulated: good images by what they show, others by fault; median distances",
        ("survey", "image", "of", "alerts", "flagged", "distance"),
        tuple(
            (
                row.survey,
                "good" if row.good else "problematic",
                row.what,
                str(row.count),
                str(row.flagged),
                number(row.median),
            )
            for row in results.simulated
        ),
        numbers=3,
    )
    return [*shown, simulated]


def _rare(rows: Sequence[RareRow], *, simulated: bool) -> list[Table]:
    """Say what was found of the rare classes, and, where it is known, missed and mistaken for them."""
    columns: tuple[str, ...] = ("survey", "class", "judged", "candidates")
    cells: list[tuple[str, ...]] = [(row.survey, row.name, str(row.judged), str(row.candidates)) for row in rows]
    if not simulated:
        return [Table("Rare classes", columns, tuple(cells), numbers=2)]
    counts = [(row.true, row.found, row.true - row.found, row.candidates - row.found) for row in rows]
    cells = [(*cell, *map(str, count)) for cell, count in zip(cells, counts, strict=True)]
    columns = (*columns, "in the night", "found", "missed", "false")
    found = Table("Rare classes: what was found and missed", columns, tuple(cells), numbers=6)
    others = tuple(
        (row.survey, row.name, what, str(count))
        for row in rows
        for what, count in sorted(row.others.items(), key=lambda one: (-one[1], one[0]))
    )
    mistaken = Table("What was mistaken for one", ("survey", "class", "is", "candidates"), others)
    return [found, mistaken] if others else [found]


def number(value: float | None) -> str:
    """Return a distance as text."""
    return "-" if value is None else f"{value:.2f}"


def _reasons(reasons: Mapping[str, int]) -> str:
    return f" ({', '.join(f'{reason}: {count}' for reason, count in sorted(reasons.items()))})" if reasons else ""


def show(results: Results, console: Console) -> None:
    """Print the summary."""
    from rich import box
    from rich.table import Table as RichTable
    from rich.text import Text

    console.print()
    whole = RichTable(box=None, show_header=False, pad_edge=False)
    for name, value in facts(results):
        whole.add_row(Text(name, "dim"), Text(value))  # Text: what came with packets is no markup
    console.print(whole)
    for table in tables(results):
        drawn = RichTable(title=table.title, title_justify="left", title_style="bold", box=box.SIMPLE_HEAD)
        for place, column in enumerate(table.columns):
            drawn.add_column(column, justify="right" if table.holds_numbers(place) else "left")
        for row in table.rows:
            drawn.add_row(*(Text(cell) for cell in row))
        console.print(drawn)
    if results.untrained:
        console.print(Text(UNTRAINED, "bold yellow"))
    for problem in results.problems:
        console.print(Text(f"PROBLEM: {printable(problem)}", "bold red"))
