"""The arguments by which a command is told where its results go."""

from __future__ import annotations

import argparse
from pathlib import Path


def add_out_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare ``--json`` and ``--out``."""
    parser.add_argument("--json", action="store_true", help="print one JSON object a line")
    parser.add_argument(
        "--out", type=Path, action="append", default=[], metavar="FILE",
        help="write a file by its ending: .jsonl, .csv, .parquet, or .html, a report with pictures; may be repeated",
    )  # fmt: skip
