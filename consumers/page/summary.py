"""A night's summary: what the page holds, counted and shown, as one HTML file that needs and runs nothing else."""

from __future__ import annotations

import base64
from collections import Counter
from html import escape
from importlib.resources import files
from string import Template
from typing import TYPE_CHECKING

from confluent_kafka import KafkaException

from consumers.client import compile_expression
from consumers.page.views import VIEWS, p_value, scores_of

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from consumers.page.board import Board, Entry
    from consumers.page.pictures import Pictures

#: Triplets of each view.
SHOWN = 6


def summary_html(entries: Sequence[Entry], board: Board, pictures: Pictures) -> str:
    """Return the summary of some entries, newest first; whatever came with packets is escaped.

    Parameters
    ----------
    entries : sequence of Entry
    board : Board
    pictures : Pictures
        Draws the triplets; those whose packets are no longer kept are told without.
    """
    template = Template(files(__package__).joinpath("summary.html").read_text(encoding="utf-8"))
    times = sorted(entry.annotation["annotateTime"] for entry in entries)
    span = f"{times[0]:%Y-%m-%d %H:%M} to {times[-1]:%Y-%m-%d %H:%M} UTC" if times else "no alerts"
    held = f"{len(entries):,} alerts, of the newest {min(board.received, board.capacity):,} that the page holds"
    return template.substitute(
        span=escape(span),
        held=escape(held),
        counts=_counts(entries),
        sections="\n".join(_section(view.heading, view.where, view.strength, entries, pictures)
                           for view in VIEWS.values() if view.where),
    )  # fmt: skip


def _counts(entries: Sequence[Entry]) -> str:
    surveys = sorted({entry.annotation["survey"] for entry in entries})
    counted = {"alerts": Counter(entry.annotation["survey"] for entry in entries)}
    for view in VIEWS.values():
        if view.where:
            passes = compile_expression(view.where)
            counted[view.heading.lower()] = Counter(
                entry.annotation["survey"] for entry in entries if passes(entry.annotation)
            )
    head = "".join(f'<th scope="col">{escape(survey)}</th>' for survey in surveys)
    rows = [
        f'<tr><th scope="row">{escape(name)}</th>'
        + "".join(f"<td>{one[survey]:,}</td>" for survey in surveys)
        + "</tr>"
        for name, one in counted.items()
    ]
    return f"<table><thead><tr><td></td>{head}</tr></thead><tbody>{''.join(rows)}</tbody></table>"


def _section(
    heading: str,
    where: str,
    strength: Callable[..., float | None],
    entries: Sequence[Entry],
    pictures: Pictures,
) -> str:
    passes = compile_expression(where)
    strongest = sorted(
        (entry for entry in entries if passes(entry.annotation)), key=lambda entry: -(strength(entry.annotation) or 0.0)
    )
    figures = "\n".join(_figure(entry, pictures) for entry in strongest[:SHOWN])
    return f"<section><h2>{escape(heading)}: {len(strongest):,}</h2>\n{figures or '<p>None.</p>'}</section>"


def _figure(entry: Entry, pictures: Pictures) -> str:
    annotation = entry.annotation
    facts = [annotation["survey"], annotation["objectId"], annotation["band"] or "", f"epoch {annotation['epochId']}"]
    if annotation["epoch"]["score"] is not None:
        facts.append(f"epoch score {annotation['epoch']['score']:.2f}")
    facts += [f"{name} {score:.2f}" for name, score in scores_of(annotation).items()]
    if (p := p_value(annotation)) is not None:
        facts.append(f"p-value {p:.2g}")
    caption = escape(" · ".join(fact for fact in facts if fact))
    return f"<figure>{_image(entry, pictures)}<figcaption>{caption}</figcaption></figure>"


def _image(entry: Entry, pictures: Pictures) -> str:
    try:
        data = base64.b64encode(pictures.triplet(entry)).decode("ascii")
    except KafkaException:
        return "<p>The cluster does not answer.</p>"
    return f'<img alt="science, reference, difference" src="data:image/png;base64,{data}">'
