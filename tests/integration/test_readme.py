"""The README: each command works as printed, in its order; what is marked ``# long`` is parsed."""

from __future__ import annotations

import json
import os
import re
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from consumers.cli import _parser
from consumers.configuration import load_settings
from ops.java_server import free_ports

ROOT = Path(__file__).resolve().parents[2]
TEXT = (ROOT / "README.md").read_text(encoding="utf-8")
WITHIN_S = 600.0
LONG, SERVER = "# long", "# until Ctrl-C"
#: What tells that a server is there.
READY = {"sosia demo": "Ctrl-C stops both", "sosia page": "http://127.0.0.1"}


@dataclass(frozen=True)
class Block:
    language: str
    text: str

    @property
    def lines(self) -> list[str]:
        return [line for line in self.text.splitlines() if line.strip()]


BLOCKS = [Block(*found) for found in re.findall(r"^```(\w*)\n(.*?)^```$", TEXT, re.DOTALL | re.MULTILINE)]
COMMANDS = [line for block in BLOCKS if block.language == "bash" for line in block.lines]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """What a reader has: a clone, the environment that make makes, and files of their own."""
    for name in ("Makefile", "pyproject.toml", "requirements.txt"):
        (tmp_path / name).symlink_to(ROOT / name)
    (tmp_path / ".venv").symlink_to(sys.prefix)
    (toml,) = (block for block in BLOCKS if block.language == "toml")
    (tmp_path / "sosia.toml").write_text(toml.text)
    rows, columns = np.mgrid[:80, :80] - 40
    galaxy = 250 * np.exp(-np.hypot(rows, 2 * columns) / 8)
    Image.fromarray(galaxy.astype(np.uint8)).save(tmp_path / "YOUR.png")
    return tmp_path


def shell(command: str) -> list[str]:
    return ["bash", "-c", f". .venv/bin/activate\n{command}"]


def run(command: list[str], folder: Path) -> None:
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=WITHIN_S, check=False)
    assert done.returncode == 0, f"{command[-1]}\n{done.stdout[-3000:]}\n{done.stderr[-3000:]}"


@contextmanager
def serving(command: str, folder: Path, number: int) -> Iterator[None]:
    """Run a command, a page at a free port, from when it is there until the end; stop it as a reader would."""
    (told,) = (text for start, text in READY.items() if command.startswith(start))
    log = folder / f"server-{number}.log"
    with (
        log.open("w") as output,
        subprocess.Popen(
            shell(f"exec {command}" + (f" --port {free_ports(1)[0]}" if "page" in command else "")),
            cwd=folder,
            stdout=output,
            stderr=subprocess.STDOUT,
            env={**os.environ, "TERM": "dumb"},
        ) as process,
    ):
        try:
            deadline = time.monotonic() + WITHIN_S
            while told not in log.read_text():
                assert process.poll() is None, f"{command}\n{log.read_text()[-3000:]}"
                assert time.monotonic() < deadline, f"{command}\n{log.read_text()[-3000:]}"
                time.sleep(0.1)
            yield
            process.send_signal(signal.SIGINT)
            assert process.wait(WITHIN_S) in (0, 130), f"{command}\n{log.read_text()[-3000:]}"
        finally:
            process.kill()


def test_every_command_works_as_printed(folder: Path) -> None:
    with ExitStack() as servers:
        for number, block in enumerate(BLOCKS):
            if block.language == "python":
                run([sys.executable, "-c", block.text], folder)
            for line in block.lines if block.language == "bash" else ():
                if SERVER in line:
                    servers.enter_context(serving(line.split("#")[0].strip(), folder, number))
                elif LONG not in line:
                    run(shell(line), folder)


@pytest.mark.parametrize("line", [line for line in COMMANDS if LONG in line])
def test_long_ones_are_parsed(line: str, folder: Path) -> None:
    program, *arguments = shlex.split(line, comments=True)
    if program == "make":
        run(["make", "--dry-run", *arguments], folder)
    elif program == "python":
        run(shell(shlex.join([program, *arguments, "--help"])), folder)
    else:
        assert program == "sosia"
        assert _parser(arguments).parse_args(arguments).command == arguments[0]


def test_settings_are_whole(folder: Path) -> None:
    settings = load_settings(folder / "sosia.toml")
    assert [one.survey for one in settings.input.surveys] == ["ztf", "lsst"]


def test_each_block_says_what_it_is() -> None:
    assert {block.language for block in BLOCKS} == {"bash", "toml", "python"}


def test_what_it_names_is_there() -> None:
    linked = [one for one in re.findall(r"\]\(([^)]+)\)", TEXT) if "://" not in one]
    named = re.findall(r"`(tests/[^`]+)`", TEXT + (ROOT / "ops" / "SECURITY.md").read_text(encoding="utf-8"))
    assert linked
    assert named
    assert [one for one in [*linked, *named] if not is_there(one)] == []


def test_speeds_are_those_of_the_runs_that_are_kept() -> None:
    ztf, lsst = (json.loads((ROOT / "ops" / "bench" / f"{name}.json").read_text()) for name in ("ztf", "lsst"))
    told = " ".join(TEXT.split())
    assert f"**{ztf['alerts_per_s']:,.0f}**" in told
    assert f"| {ztf['limit_alerts_per_s']:,.0f} | `sosia bench` |" in told
    assert f"| {ztf['naive_alerts_per_s']:,.0f} | `sosia bench` |" in told
    assert f"does {lsst['alerts_per_s']:,.0f} a second, the naive worker {lsst['naive_alerts_per_s']:,.0f};" in told
    assert f"out after {max(one['burst']['drained_s'] for one in (ztf, lsst)):.0f} s" in told


def is_there(link: str) -> bool:
    """Whether there is such a file, and in it such a heading."""
    name, _, heading = link.partition("#")
    file = ROOT / (name or "README.md")
    if not file.exists() or not heading:
        return file.exists()
    headings = re.findall(r"^#+ (.*)$", file.read_text(), re.MULTILINE)
    return heading in {re.sub(r"[^\w -]", "", one.lower()).replace(" ", "-") for one in headings}
