from __future__ import annotations

import io

from rich.console import Console

from consumers.evaluate_epochs.measured import Measured
from consumers.evaluate_epochs.tables import drawn, markdown, tables
from models.intervals import Figure

MEASURED = [
    Measured("world", "recall", "trail", "sosia", Figure(0.95, 0.9, 0.98, 40)),
    Measured("world", "recall", "trail", "other", Figure(0.5, 0.4, 0.6, 40)),
    Measured("world", "recall", "ghost", "sosia", Figure(float("nan"), 0.0, 1.0, 0)),
    Measured("world", "area", "all", "sosia", Figure(0.9871, 0.98, 0.99, 12), share=False),
    Measured("world", "area", "all", "other", Figure(float("nan"), float("nan"), float("nan"), 7), share=False),
]


def test_a_card_has_a_table_for_each_question() -> None:
    assert markdown(tables(MEASURED)) == (
        "### world: recall\n\n"
        "|  | n | sosia | other |\n"
        "| --- | --- | --- | --- |\n"
        "| trail | 40 | 95.0 (90.0 to 98.0) | 50.0 (40.0 to 60.0) |\n"
        "\n"
        "### world: area\n\n"
        "|  | n | sosia | other |\n"
        "| --- | --- | --- | --- |\n"
        "| all | 7 to 12 | 0.987 (0.980 to 0.990) | - |\n"
    )


def test_the_terminal_shows_the_same() -> None:
    output = io.StringIO()
    console = Console(file=output, width=120)
    for table in tables(MEASURED):
        console.print(drawn(table))
    assert "95.0 (90.0 to 98.0)" in output.getvalue()
    assert "ghost" not in output.getvalue()


def test_json_has_no_value_where_there_is_none() -> None:
    assert MEASURED[2].to_json() == {
        "sample": "world", "table": "recall", "row": "ghost", "column": "sosia",
        "value": None, "low": 0.0, "high": 1.0, "n": 0,
    }  # fmt: skip
