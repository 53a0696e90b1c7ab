"""The demonstration from its start to its end: a real Kafka, a real worker, real exit codes."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from PIL import Image

WITHIN_S = 600
ROOT = Path(__file__).resolve().parents[2]


def demo(weights: Path, *arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "consumers.cli", "demo", *arguments],
        cwd=ROOT,
        env={**os.environ, "SOSIA_BACKBONE__WEIGHTS": str(weights), "COLUMNS": "200", "TERM": "dumb"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def fact(name: str, output: str) -> str:
    found = re.search(rf"^{name} +(.+?) *$", output, re.MULTILINE)
    assert found, f"no line {name!r} in:\n{output}"
    return found[1]


def is_there(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def test_a_simulated_night_goes_through_and_adds_up(weights: Path, tmp_path: Path) -> None:
    process = demo(weights, "--alerts", "24", "--out", str(tmp_path))
    output, _ = process.communicate(timeout=WITHIN_S)
    assert process.returncode == 0, output
    assert fact("published", output) == fact("annotated", output) == "24"
    assert fact("dead letters", output) == "0"
    assert fact("ledger", output) == "in balance"
    assert fact("backbone", output).startswith("efficientnetv2-b0 (")
    assert "UNTRAINED" not in output
    page = (tmp_path / "index.html").read_text()
    assert "a simulated night" in page
    assert page.count("data:image/png;base64,") == 1
    with Image.open(tmp_path / "alerts.png") as picture:
        assert min(picture.size) > 500


def test_packets_from_files_with_damaged_ones_and_everything_is_kept_until_interrupted(
    shared_data: Path, weights: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "packets"
    (folder / "lsst").mkdir(parents=True)
    shutil.copytree(shared_data / "lsst" / "schema", folder / "lsst" / "schema")
    for survey in ("ztf", "lsst"):
        for file in sorted((shared_data / survey).glob("*.avro"))[:4]:
            shutil.copy(file, folder / "lsst")
    whole = next((shared_data / "ztf").glob("*.avro")).read_bytes()
    (folder / "truncated.avro").write_bytes(whole[:-5000])
    (folder / "empty.avro").touch()

    with demo(weights, "--input", str(folder), "--out", str(tmp_path / "out"), "--keep") as process:
        watchdog = threading.Timer(WITHIN_S, process.kill)
        watchdog.start()
        try:
            assert process.stdout is not None
            lines = []
            for line in process.stdout:
                lines.append(line)
                if "Ctrl-C stops both" in line:
                    break
            output = "".join(lines)
            pids = [int(found) for found in re.findall(r"\(process (\d+)\)", output)]
            assert len(pids) == 2, output
            assert all(is_there(pid) for pid in pids)
            process.send_signal(signal.SIGINT)
            rest = process.stdout.read()
            assert process.wait(WITHIN_S) == 0, output + rest
        finally:
            watchdog.cancel()
            process.kill()
    assert not any(is_there(pid) for pid in pids)
    assert fact("published", output) == "10"
    assert fact("annotated", output) == "8"
    assert fact("dead letters", output).startswith("2 (")
    assert "empty: 1" in fact("dead letters", output)
    assert fact("ledger", output) == "in balance"


@pytest.mark.parametrize("arguments", [["--alerts", "0"], ["--input", "no/such/folder"], ["--survey", "kids"]])
def test_wrong_usage_ends_with_2_and_starts_nothing(arguments: list[str], weights: Path, tmp_path: Path) -> None:
    process = demo(weights, *arguments, "--out", str(tmp_path / "out"))
    output, _ = process.communicate(timeout=WITHIN_S)
    assert process.returncode == 2
    assert arguments[0] in output
    assert not (tmp_path / "out" / "worker.toml").exists()
