"""``sosia classify``: one network over image files."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from consumers.classify_images import ImageNetwork

_NETWORKS = {
    "streak": "trails of asteroids: a stamp's score, a large image's streaks",
    "lens": "strong lenses, the galaxy in the middle of the image",
    "merger": "galaxy mergers, the galaxy in the middle of the image",
    "router": "which of the three networks an image is for",
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    networks = parser.add_subparsers(dest="network", required=True, metavar="NETWORK")
    for name, summary in _NETWORKS.items():
        network = networks.add_parser(name, help=summary, description=f"{summary[0].upper()}{summary[1:]}.")
        network.add_argument("images", nargs="+", type=Path, metavar="IMAGE", help="FITS, PNG or JPEG")
        network.add_argument(
            "--pixel-scale", type=float, metavar="ARCSEC",
            help="of a pixel; default: what the file tells, and where it does not, the network's own",
        )  # fmt: skip
        network.add_argument("--json", action="store_true", help="print one JSON object a line")


def run(args: argparse.Namespace) -> int:
    """Classify the images; 1 where one of them could not be read."""
    from consumers.classify_images import classify_images

    failed = False
    for one in classify_images(_open(args.network), args.images, args.pixel_scale):
        sys.stdout.write((json.dumps(one.to_json()) if args.json else one.to_text()) + "\n")
        sys.stdout.flush()  # a line as soon as it is known, also into a pipe
        failed |= one.error is not None
    return int(failed)


def _open(name: str) -> ImageNetwork:
    match name:
        case "streak":
            from consumers.classify_streak import StreakImages

            return StreakImages()
        case "lens":
            from consumers.classify_lens import LensImages

            return LensImages()
        case "merger":
            from consumers.classify_merger import MergerImages

            return MergerImages()
        case _:
            from consumers.classify_router import RouterImages

            return RouterImages()
