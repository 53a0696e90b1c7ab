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
    backbone.add_argument("--shards", type=int, default=90, help="of 1,000 simulated packets each; default: 90")
    backbone.add_argument("--epochs", type=int, default=18, help="times that each is seen; default: 18")
    backbone.add_argument("--seed", type=int, default=1, help="of the simulation; default: 1")
    backbone.set_defaults(train=_backbone)
    epochs = networks.add_parser("epochs", help="the epoch network, on drawn faults and innocent changes")
    epochs.add_argument("--output", type=Path, default=Path("sosia-epochs.h5"), metavar="FILE", help="the weights")
    epochs.add_argument(
        "--work", type=Path, default=Path("sosia-epochs-training"), metavar="DIR",
        help="shards and checkpoints, 5 GB; a run that was broken off goes on from there",
    )  # fmt: skip
    epochs.add_argument("--shards", type=int, default=48, help="of 1,900 simulated epochs each; default: 48")
    epochs.add_argument("--passes", type=int, default=14, help="times that each is seen; default: 14")
    epochs.add_argument("--seed", type=int, default=1, help="of the simulation; default: 1")
    epochs.set_defaults(train=_epochs)
    streak = networks.add_parser("streak", help="the streak network, on drawn trails and impostors")
    streak.add_argument("--outputs", type=int, choices=(1, 5), default=5, help="score alone, or with ends; default: 5")
    streak.add_argument("--output", type=Path, default=Path("sosia-streak.h5"), metavar="FILE", help="the weights")
    streak.add_argument(
        "--work", type=Path, default=Path("sosia-streak-training"), metavar="DIR",
        help="checkpoints; a run that was broken off goes on from there",
    )  # fmt: skip
    streak.add_argument("--epochs", type=int, default=60, help="of 24,576 new stamps each, seen thrice; default: 60")
    streak.set_defaults(train=_streak)


def run(args: argparse.Namespace) -> int:
    """Train."""
    args.train(args)
    return 0


def _backbone(args: argparse.Namespace) -> None:
    from consumers.train_backbone import Plan, open_network, train_backbone

    train_backbone(open_network(args.teacher), args.output, args.work, Plan(args.shards, args.epochs, args.seed))


def _epochs(args: argparse.Namespace) -> None:
    from consumers.train_epochs import Plan, train_epochs

    train_epochs(args.output, args.work, Plan(args.shards, args.passes, args.seed))


def _streak(args: argparse.Namespace) -> None:
    from consumers.train_streak import train_streak
    from models.train.streak import Schedule

    train_streak(args.outputs, args.output, args.work, Schedule(epochs=args.epochs))
