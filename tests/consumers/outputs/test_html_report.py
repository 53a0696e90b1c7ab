from __future__ import annotations

import base64
import hashlib
import io
import re
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest

from consumers.outputs.html_report import HtmlReport, Measure
from consumers.outputs.opening import open_outputs
from consumers.outputs.row import Picture, Row
from schemas.errors import ConfigurationError

MARKUP = '<img src=x onerror="alert(1)">'
MEASURES = (Measure("score", "score"), Measure("p", "p-value", ascending=True))


def report(rows: list[Row]) -> str:
    stream = io.StringIO()
    page = HtmlReport(stream, "A <night>", MEASURES)
    for row in rows:
        page.add(row)
    page.close()
    return stream.getvalue()


def row(number: int, score: float | None = 0.5, **fields: object) -> Row:
    return Row({"file": f"{number}.avro", "objectId": f"object {number}", "score": score, **fields})


class Tags(HTMLParser):
    """Every tag with its attributes."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))


def test_whatever_came_with_a_file_is_text() -> None:
    picture = Picture(MARKUP, np.zeros((9, 9, 3), np.uint8))
    hostile = Row(
        {"file": MARKUP, "objectId": MARKUP, "score": 1.0, "reason": MARKUP, MARKUP: [MARKUP]}, lambda: [picture]
    )
    page = report([hostile, Row({"file": MARKUP, "error": MARKUP})])
    tags = Tags(page).found
    assert [attributes["src"][:22] for tag, attributes in tags if tag == "img"] == ["data:image/png;base64,"]
    assert not any(name.startswith("on") for _, attributes in tags for name in attributes)
    assert page.count("&lt;img src=x") >= 6


def test_a_report_loads_nothing_and_runs_its_own_script_only() -> None:
    page = report([row(1)])
    tags = Tags(page).found
    assert not any({"src", "href", "action"} & set(attributes) for tag, attributes in tags if tag != "img")
    (policy,) = [attributes["content"] for tag, attributes in tags if attributes.get("http-equiv")]
    script = re.search(r"<script>(.*)</script>", page, re.DOTALL)
    assert script is not None
    digest = base64.b64encode(hashlib.sha256(script[1].encode()).digest()).decode()
    assert f"script-src 'sha256-{digest}'" in (policy or "")
    assert "default-src 'none'" in (policy or "")


def test_results_come_by_the_first_measure_and_errors_at_the_end() -> None:
    page = report([row(1, 0.2), row(2, None), Row({"file": "bad", "error": "cut off"}), row(3, 0.9)])
    order = [page.index(text) for text in ("object 3", "object 1", "object 2", "cut off")]
    assert order == sorted(order)
    assert "3 results, 1 could not be read" in page


def test_of_too_many_results_the_first_ones_are_shown_and_the_rest_are_never_drawn(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("consumers.outputs.html_report.MOST", 3)
    drawn: list[int] = []

    def draw(number: int) -> list[Picture]:
        drawn.append(number)
        return []

    rows = [Row({"file": f"{n}", "score": score}, lambda n=n: draw(n)) for n, score in enumerate([5, 4, 3, 2, 6, 1])]
    page = report(rows)
    assert "6 results, of which the first 3 are here" in page
    assert drawn == [0, 1, 2, 4]
    assert page.count('<li class="card') == 3


def test_an_output_that_cannot_be_is_refused_before_any_work(tmp_path: Path) -> None:
    for name, message in (("a.xlsx", r"\.jsonl, \.csv"), ("none/a.csv", "No such file")):
        with pytest.raises(ConfigurationError, match=message), open_outputs([tmp_path / name], "t"):
            pytest.fail("was opened")
