"""``sosia train``: makes the project's own weights again."""

from __future__ import annotations

import argparse
from pathlib import Path


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    networks = parser.add_subparsers(dest="network", required=True, metavar="NETWORK")
    backbone = networks.add_parser("backbone", help="sosia-64, from an ImageNet network's features of simulated stamps")
    backbone.add_argument(
        "--teacher", default="efficientnetv2-b0", metavar="NAME_OR_PATH",
        help="efficientnet-b0, efficientnetv2-b0, or a Keras weights file (.h5) of one; default: efficientnetv2-b0",
    )  # fmt: skip
    backbone.add_argument("--output", type=Path, default=Path("sosia-64.h5"), metavar="FILE", help="the weights")
    backbone.add_argument(
        "--work", type=Path, default=Path("sosia-64-training"), metavar="DIR",
        help="shards and checkpoints, 2 GB; a run that was broken off goes on from there",
    )  # fmt: skip
    backbone.add_argument("--shards", type=int, default=70, help="of 1,000 simulated packets each; default: 70")
    backbone.add_argument("--epochs", type=int, default=18, help="times that each is seen; default: 18")
    backbone.add_argument("--seed", type=int, default=1, help="of the simulation; default: 1")


def run(args: argparse.Namespace) -> int:
    """Train."""
    from consumers.train_backbone import Plan, open_network, train_backbone

    train_backbone(open_network(args.teacher), args.output, args.work, Plan(args.shards, args.epochs, args.seed))
    return 0
