from __future__ import annotations

import io
import json
import os
import re
import subprocess
import sys
from contextlib import redirect_stdout
from pathlib import Path
from typing import Any

import pytest

TUTORIAL = Path(__file__).resolve().parents[1] / "TUTORIAL.md"
_BLOCK = re.compile(r"^```(sh|python|text)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@pytest.fixture
def walked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """The names that the tutorial's Python leaves behind, its commands run in between."""
    monkeypatch.chdir(tmp_path)
    environment = os.environ | {"PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}
    names: dict[str, Any] = {}
    printed = io.StringIO()
    text = TUTORIAL.read_text()
    for block in _BLOCK.finditer(text):
        language, code = block.groups()
        line = text.count("\n", 0, block.start(2))
        if language == "python":
            printed = io.StringIO()
            with redirect_stdout(printed):  # in the place of its lines, so that a traceback points at them
                exec(compile("\n" * line + code, str(TUTORIAL), "exec"), names)
        elif language == "text":
            assert printed.getvalue() == code
        else:
            subprocess.run(["bash", "-e", "-o", "pipefail", "-c", code], check=True, env=environment)
    return names


def test_every_block_of_the_tutorial_runs_and_shows_what_it_promises(
    walked: dict[str, Any],
) -> None:
    assert len(walked["alerts"]) == len(walked["night"]) == 240
    assert walked["right"] >= 0.7 * len(walked["flagged"])
    assert walked["right"] >= 0.5 * len(walked["spoilt"])
    (streak,) = walked["streaks"]
    assert streak.segment.length == pytest.approx(211, abs=4)
    assert walked["own"]["survey"] == "stamps"
    assert walked["own"]["objectId"] == walked["alert"].object_id
    assert walked["own"]["epoch"]["problematic"]
    mine = json.loads(Path("mine.jsonl").read_text())
    assert (mine["survey"], mine["epoch"]["state"]) == ("mine", "judged")
    for page in ("night.html", "look-alikes.html"):
        assert "data:image/png" in Path(page).read_text()
