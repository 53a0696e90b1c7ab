"""The demonstration's page: one HTML file that needs nothing else, and runs nothing."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from html import escape
from importlib.resources import files
from pathlib import Path
from string import Template
from typing import TYPE_CHECKING

from consumers.demo.summary import UNTRAINED, Table, facts, number, tables

if TYPE_CHECKING:
    from consumers.demo.results import Results

# Rows of the list of the farthest alerts.
TOP = 10


def save_page(path: Path, results: Results, picture: Path) -> None:
    """Write the page.

    Whatever came with a packet is escaped, and the page forbids scripts and all that is not in it.

    Parameters
    ----------
    path : Path
        Where to.
    results : Results
        What is told.
    picture : Path
        PNG that is put into it.
    """
    notices = [f'<p class="warning">{escape(UNTRAINED)}</p>'] if results.untrained else []
    notices += [f'<p class="problem">{escape(problem)}</p>' for problem in results.problems]
    page = Template(files(__package__).joinpath("page.html").read_text(encoding="utf-8"))
    path.write_text(
        page.substitute(
            title=escape(results.title),
            notices="\n".join(notices),
            facts="\n".join(f"<dt>{escape(name)}</dt><dd>{escape(value)}</dd>" for name, value in facts(results)),
            tables="\n".join(_table(table) for table in [*tables(results), _farthest(results)]),
            picture=base64.b64encode(picture.read_bytes()).decode("ascii"),
        ),
        encoding="utf-8",
    )


def _farthest(results: Results) -> Table:
    alerts = [(survey, shown) for survey, result in results.surveys.items() for shown in result.farthest]
    alerts.sort(key=lambda alert: -(alert[1].value or 0.0))
    rows = []
    for survey, shown in alerts[:TOP]:
        packet, truth = shown.packet, results.truths.get((survey, shown.packet.epoch_id))
        known = (
            () if not results.truths else ("-" if truth is None else f"{truth.kind}, {truth.fault or 'good image'}",)
        )
        rows.append((packet.object_id, survey, packet.epoch_id, packet.band or "-", *known, number(shown.value)))
    known = ("simulated",) if results.truths else ()
    return Table("Largest distances", ("object", "survey", "epoch", "band", *known, "distance"), tuple(rows))


def _table(table: Table) -> str:
    head = _cells("th", table.columns, table)
    rows = "\n".join(f"<tr>{_cells('td', row, table)}</tr>" for row in table.rows)
    return (
        f'<h2>{escape(table.title)}</h2>\n<div class="scroll"><table>\n<thead><tr>{head}</tr></thead>\n'
        f"<tbody>\n{rows}\n</tbody>\n</table></div>"
    )


def _cells(tag: str, texts: Sequence[str], table: Table) -> str:
    kinds = (' class="number"' if table.holds_numbers(column) else "" for column in range(len(table.columns)))
    return "".join(f"<{tag}{kind}>{escape(text)}</{tag}>" for kind, text in zip(kinds, texts, strict=True))
