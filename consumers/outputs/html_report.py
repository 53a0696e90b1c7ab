"""A report as one HTML file with pictures, which loads nothing; it is sorted and filtered where it is opened."""

from __future__ import annotations

import base64
import hashlib
import heapq
import io
import json
import math
from dataclasses import dataclass
from datetime import UTC, datetime
from html import escape
from importlib import metadata
from importlib.resources import files
from pathlib import Path
from string import Template
from typing import TYPE_CHECKING, Any

from consumers.outputs.flat import flat

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import TextIO

    from consumers.outputs.row import Picture, Row

#: Results that are shown, of more the first ones by the first measure: a browser takes so many, some 50 MB.
MOST = 2000
#: Results without any but an error that are listed.
MOST_ERRORS = 200
_TITLE = ("objectId", "query", "file")
_FACTS = ("survey", "band", "mjd", "epochId", "classifier", "inputImage", "query", "file")


@dataclass(frozen=True, slots=True)
class Measure:
    """A number that results are sorted by.

    Attributes
    ----------
    name : str
        Of the flat field.
    label : str
    ascending : bool
        Whether small values come first.
    told : bool
        Whether each result tells it at first sight.
    """

    name: str
    label: str
    ascending: bool = False
    told: bool = True

    def of(self, fields: Mapping[str, Any]) -> float | None:
        """Return the number of a flat row, where it has one."""
        value = fields.get(self.name)
        return float(value) if isinstance(value, int | float) and math.isfinite(value) else None


class HtmlReport:
    """Collects results, and writes them as cards with pictures. Whatever came with a file is escaped.

    Parameters
    ----------
    stream : text file
        Closed by others.
    title : str
    measures : sequence of Measure
        The report opens sorted by the first.
    """

    def __init__(self, stream: TextIO, title: str, measures: Sequence[Measure]) -> None:
        self._stream, self._title, self._measures = stream, title, measures
        self._cards: list[tuple[float, int, str]] = []
        self._errors: list[str] = []
        self._results = self._marked = self._failed = 0

    def add(self, row: Row) -> None:
        """Take in one result; pictures are drawn of those that will be shown."""
        fields = flat(row.fields)
        if fields.get("error") is not None:
            self._failed += 1
            if len(self._errors) < MOST_ERRORS:
                self._errors.append(f"<li>{escape(str(fields.get('file')))}: {escape(str(fields['error']))}</li>")
            return
        self._results += 1
        self._marked += row.marked
        rank = self._rank(fields)
        place = (rank, -self._results)  # of equals, those that came first
        if len(self._cards) < MOST:
            heapq.heappush(self._cards, (*place, self._card(row, fields)))
        elif place > self._cards[0][:2]:
            heapq.heapreplace(self._cards, (*place, self._card(row, fields)))

    def close(self) -> None:
        """Write the file."""
        page = files(__package__)
        script = page.joinpath("report.js").read_text(encoding="utf-8")
        digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
        cards = [card for _, _, card in sorted(self._cards, reverse=True)]
        shown = f", of which the first {len(cards):,} are here" if len(cards) < self._results else ""
        counts = [f"{self._results:,} results{shown}"]
        counts += [f"{self._marked:,} flagged"] if self._marked else []
        counts += [f"{self._failed:,} could not be read"] if self._failed else []
        template = Template(page.joinpath("report.html").read_text(encoding="utf-8"))
        self._stream.write(
            template.substitute(
                title=escape(self._title),
                digest=digest,
                style=page.joinpath("report.css").read_text(encoding="utf-8"),
                script=script,
                counts=", ".join(counts),
                made=f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC, sosia {escape(metadata.version('sosia-broker'))}",
                orders="".join(
                    f'<option value="{number}" data-ascending="{int(one.ascending)}">{escape(one.label)}</option>'
                    for number, one in enumerate(self._measures)
                ),
                cards="\n".join(cards),
                errors=f'<section class="errors"><h2>Could not be read</h2><ul>{"".join(self._errors)}</ul></section>'
                if self._errors
                else "",
            )
        )

    def _rank(self, fields: Mapping[str, Any]) -> float:
        if not self._measures:
            return 0.0
        value = self._measures[0].of(fields)
        if value is None:
            return -math.inf
        return -value if self._measures[0].ascending else value

    def _card(self, row: Row, fields: Mapping[str, Any]) -> str:
        values = [measure.of(fields) for measure in self._measures]
        chips = [
            f"<li>{escape(measure.label)} <b>{value:.3g}</b></li>"
            for measure, value in zip(self._measures, values, strict=True)
            if measure.told and value is not None
        ]
        reasons = {str(value) for name, value in fields.items() if name in ("reason", "epoch.reason") and value}
        chips += [f'<li class="reason">{escape(reason)}</li>' for reason in sorted(reasons)]
        name = next((key for key in _TITLE if fields.get(key)), "file")
        facts = [_fact(key, fields[key]) for key in _FACTS if key != name and fields.get(key) is not None]
        heading = _fact(name, fields.get(name, ""))
        return (
            f'<li class="card{" marked" if row.marked else ""}" data-values="{escape(json.dumps(values))}">'
            f'<div class="pictures">{"".join(map(_figure, row.draw()))}</div>'
            f"<h2>{escape(heading)}</h2><p>{escape(' · '.join(facts))}</p>"
            f'<ul class="chips">{"".join(chips)}</ul>{_all_fields(fields)}</li>'
        )


def _fact(name: str, value: Any) -> str:
    if name == "file":
        return Path(str(value)).name
    return f"MJD {value:.4f}" if name == "mjd" and isinstance(value, float) else str(value)


def _all_fields(fields: Mapping[str, Any]) -> str:
    told = "".join(
        f"<dt>{escape(name)}</dt><dd>{escape(json.dumps(value) if isinstance(value, list) else str(value))}</dd>"
        for name, value in fields.items()
        if value is not None
    )
    return f"<details><summary>All fields</summary><dl>{told}</dl></details>"


def _figure(picture: Picture) -> str:
    label = escape(picture.label)
    if picture.colours is None:
        return f'<figure><div class="none">none</div><figcaption>{label}</figcaption></figure>'
    from PIL import Image

    buffer = io.BytesIO()
    grey = bool((picture.colours == picture.colours[..., :1]).all())  # takes a third
    Image.fromarray(picture.colours[..., 0] if grey else picture.colours).save(buffer, format="PNG", optimize=True)
    data = base64.b64encode(buffer.getvalue()).decode("ascii")
    return f'<figure><img alt="{label}" src="data:image/png;base64,{data}"><figcaption>{label}</figcaption></figure>'
