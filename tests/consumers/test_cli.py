"""The command line as a whole."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest


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
