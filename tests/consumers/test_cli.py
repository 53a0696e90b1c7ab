"""The command line as a whole."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
import structlog

from consumers.cli import main
from consumers.cli.configured import configured


@pytest.mark.parametrize("arguments", [["--help"], ["train", "streak", "--help"]])
def test_a_reader_who_leaves_ends_it_quietly(arguments: list[str]) -> None:
    """As `sosia ... | head`, which is gone before anything is written."""
    read, write = os.pipe()
    os.close(read)
    command = [sys.executable, "-m", "consumers.cli", *arguments]
    with os.fdopen(write, "wb") as nobody:
        done = subprocess.run(command, stdout=nobody, stderr=subprocess.PIPE, timeout=120, check=False)
    # Unbuffered, the help is written at once, and argparse says nothing of what cannot be written.
    assert done.returncode == (0 if os.environ.get("PYTHONUNBUFFERED") else 141)
    assert done.stderr == b""


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["replay", "--topic", "t", "--alerts", "many"], "--alerts: 'many' is no whole number of 1 or more"),
        (["replay", "--topic", "t", "--rate", "0/s"], "--rate: '0' is no number more than 0"),
        (["replay", "--topic", "t", "--rate", "inf"], "--rate: 'inf' is no number more than 0"),
        (["page", "--port", "65536"], "--port: '65536' is no whole number from 0 to 65,535"),
        (
            ["index", "build", "x", "--output", "y", "--calibration", "1.5"],
            "'1.5' is no number more than 0 and up to 1",
        ),
        (["evaluate", "streak", "--n", "-1"], "--n: '-1' is no whole number of 0 or more"),
        (["classify", "lens", "x", "--pixel-scale", "nan"], "--pixel-scale: 'nan' is no number more than 0"),
    ],
)
def test_a_number_that_is_none_is_refused_with_what_was_wanted(
    arguments: list[str], told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    assert ended.value.code == 2
    assert told in capsys.readouterr().err


def test_a_file_that_cannot_be_written_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "file").touch()
    folder = tmp_path / "file" / "night"
    with pytest.raises(SystemExit) as ended:
        main(["replay", "--simulate", "ztf", "--alerts", "1", "--folder", str(folder)])
    assert ended.value.code == 1
    assert capsys.readouterr().err.startswith(f"sosia replay: {folder}: Not a directory; check the path")


def test_logs_keep_out_of_a_commands_results(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SOSIA_LOG__FORMAT", "json")
    configured()
    structlog.get_logger("sosia.test").warning("no GPU")
    shown = capsys.readouterr()
    assert shown.out == ""
    assert "no GPU" in shown.err
