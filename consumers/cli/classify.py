"""``sosia classify``: one network over images and alerts in files."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from consumers.cli.configured import configured
from consumers.cli.numbers import more_than_0
from consumers.cli.out import add_out_arguments

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
        network.add_argument(
            "images", nargs="+", type=Path, metavar="FILE",
            help="images (FITS, PNG, JPEG), alerts (Avro, Parquet), or folders with images or .avro files in them",
        )  # fmt: skip
        network.add_argument(
            "--pixel-scale", type=more_than_0(), metavar="ARCSEC",
            help="of a pixel; default: what the file tells, and where it does not, the network's own",
        )  # fmt: skip
        network.add_argument(
            "--seeing", type=float, metavar="ARCSEC", help="full width at half maximum; default: what the file tells"
        )
        network.add_argument("--schemas", type=Path, metavar="DIR", help="schemas of wire-format alerts")
        add_out_arguments(network)


def run(args: argparse.Namespace) -> int:
    """Classify the images; 1 where one of them could not be read."""
    from consumers.cores import limit_threads

    limit_threads()

    from consumers.accelerator import choose_device
    from consumers.classify_images import MEASURES, classify_images
    from consumers.outputs.writing import write_results

    choose_device(configured().backbone.device)
    found = classify_images(_open(args.network), args.images, args.pixel_scale, args.schemas, args.seeing)
    return int(not write_results(found, args.out, f"Sosia: {args.network}", MEASURES, as_json=args.json))


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
