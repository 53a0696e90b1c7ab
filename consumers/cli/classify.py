"""``sosia classify``: one network over image files."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from consumers.classify_streak import StreakResult


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    networks = parser.add_subparsers(dest="network", required=True, metavar="NETWORK")
    streak = networks.add_parser("streak", help="trails of asteroids: a stamp's score, a large image's streaks")
    streak.add_argument("images", nargs="+", type=Path, metavar="IMAGE", help="FITS, PNG or JPEG")
    streak.add_argument("--pixel-scale", type=float, metavar="ARCSEC", help="of a pixel; default: what the file tells")
    streak.add_argument("--json", action="store_true", help="print one JSON object a line")


def run(args: argparse.Namespace) -> int:
    """Classify the images; 1 where one of them could not be read."""
    from consumers.classify_streak import classify_streak

    failed = False
    for one in classify_streak(args.images, args.pixel_scale):
        sys.stdout.write((json.dumps(one.to_json()) if args.json else _line(one)) + "\n")
        sys.stdout.flush()  # a line as soon as it is known, also into a pipe
        failed |= one.error is not None
    return int(failed)


def _line(one: StreakResult) -> str:
    if one.error is not None:
        return f"{one.file}: {one.error}"
    if one.score is None:
        return f"{one.file}  no score ({one.reason})"
    streaks = "".join(
        f"\n    {x1:.1f} {y1:.1f} to {x2:.1f} {y2:.1f}  length {found.segment.length:.1f} px  score {found.score:.3f}"
        + ("  dark" if found.polarity < 0 else "")
        for found in one.streaks
        for x1, y1, x2, y2 in [found.segment.ends]
    )
    return f"{one.file}  score {one.score:.3f}{streaks}"
