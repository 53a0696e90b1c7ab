from __future__ import annotations

import json
from pathlib import Path

import pytest
from rich.progress import Progress

from consumers.cli import main
from consumers.evaluate_epochs.figures import SUMMARY
from consumers.evaluate_epochs.run import Plan, evaluate
from consumers.evaluate_epochs.worlds import ALERT_SELECTED, MONITORING
from tests.consumers.evaluate_epochs.epochs import examiner


def test_both_worlds_are_measured_apart_and_together(tmp_path: Path) -> None:
    plan = Plan({MONITORING: 2, ALERT_SELECTED: 3}, seed=5, picture=tmp_path / "sheet.png")
    measured = list(evaluate(examiner(), plan, Progress(disable=True)))
    lost = {
        one.sample: one.figure.n
        for one in measured
        if (one.table, one.row, one.column) == (SUMMARY, "good epochs lost", "sosia")
    }
    alone, selected, both = lost.values()
    assert list(lost) == ["monitoring, simulated", "alert-selected, simulated", "both worlds, simulated"]
    assert 0 < alone + selected == both
    assert (tmp_path / "sheet.png").stat().st_size > 10_000


def test_the_command_writes_json_and_a_card(
    shared_data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for file in sorted((shared_data / "ztf").glob("*.avro"))[:2]:
        (tmp_path / file.name).symlink_to(file)
    arguments = ["--objects", "0", "--data", str(tmp_path), "--card", str(tmp_path / "card.md"), "--json"]
    assert main(["evaluate", "epochs", *arguments]) == 0
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert {"sample", "table", "row", "column", "value", "low", "high", "n"} == set(lines[0])
    card = (tmp_path / "card.md").read_text()
    assert "backbone sosia-64" in card
    assert "| all kinds |" in card


def test_fewer_than_no_objects_is_wrong_usage(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        main(["evaluate", "epochs", "--objects", "-1"])
    assert "no whole number of 0 or more" in capsys.readouterr().err
