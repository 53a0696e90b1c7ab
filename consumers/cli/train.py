"""``sosia train``: makes the project's own weights again."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from functools import partial
from pathlib import Path

from consumers.cli.configured import configured
from consumers.cli.numbers import whole

#: As `models.simulate.profiles.PROFILES` has them, which is slow to import.
_SURVEYS = ("ztf", "lsst", "kids", "euclid")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    networks = parser.add_subparsers(dest="network", required=True, metavar="NETWORK")
    add = partial(_add_network, networks)
    backbone = add("backbone", _backbone, "sosia-64, from an ImageNet network's features of simulated stamps",
                   output="sosia-64.h5", work="shards and checkpoints, 2 GB")  # fmt: skip
    backbone.add_argument(
        "--teacher", default="efficientnetv2-b0", metavar="NAME_OR_PATH",
        help="efficientnet-b0, efficientnetv2-b0, or a Keras weights file (.h5) of one; default: efficientnetv2-b0",
    )  # fmt: skip
    _add_count(backbone, "--shards", 90, "of 1,000 simulated packets each")
    _add_count(backbone, "--epochs", 18, "times that each is seen")
    _add_count(backbone, "--seed", 1, "of the simulation")
    epochs = add("epochs", _epochs, "the epoch network, on drawn faults and innocent changes",
                 output="sosia-epochs.h5", work="shards and checkpoints, 5 GB")  # fmt: skip
    _add_count(epochs, "--shards", 48, "of 1,900 simulated epochs each")
    _add_count(epochs, "--passes", 14, "times that each is seen")
    _add_count(epochs, "--seed", 1, "of the simulation")
    streak = add("streak", _streak, "the streak network, on drawn trails and impostors",
                 output="sosia-streak.h5", work="checkpoints")  # fmt: skip
    streak.add_argument("--outputs", type=int, choices=(1, 5), default=5, help="score alone, or with ends; default: 5")
    _add_count(streak, "--epochs", 60, "of 24,576 new stamps each, seen twice")
    streak.add_argument("--from", dest="start", type=Path, metavar="WEIGHTS", help="go on from other weights (.h5)")
    streak.add_argument(
        "--survey", choices=_SURVEYS, help="draw one survey's stamps only: those weights are its own; default: all"
    )
    lens = add("lens", _lens, "an ensemble of lens networks, on simulated arcs and impostors",
               output="sosia-lens.h5", work="stamps and checkpoints, 3 GB",
               weights="the weights; form and member are put before the ending")  # fmt: skip
    lens.add_argument("--form", choices=("ground-ugri", "ground", "space"), required=True, help="survey and bands")
    _add_count(lens, "--shards", 24, "of 4,096 simulated stamps each")
    _add_count(lens, "--epochs", 24, "times that each is seen, normalised")
    _add_count(lens, "--settling", 12, "times that each is seen after that")
    router = add("router", _router, "the router, behind the class networks that ship",
                 output="sosia-router.h5", work="shards and checkpoints, 9 GB")  # fmt: skip
    _add_count(router, "--epochs", 32, "of as many steps as half of the stamps take, for either image")
    _add_count(router, "--calibration", 60_000, "accepted positives of each class that its threshold is set on")
    router.add_argument(
        "--calibrate", action="store_true",
        help="train nothing: set thresholds anew for the weights in --output, after class networks have changed",
    )  # fmt: skip
    merger = add("merger", _merger, "the merger network, on simulated encounters and other galaxies",
                 output="sosia-merger.h5", work="shards and checkpoints, 1 GB")  # fmt: skip
    merger.add_argument(
        "--features", choices=("backbone", "vgg19"),
        help="train a head on that network's features, and only tell how it compares with the network that ships",
    )  # fmt: skip
    merger.add_argument("--from", dest="start", type=Path, metavar="WEIGHTS", help="go on from these weights (.h5)")
    _add_count(merger, "--shards", 60, "of 1,024 simulated stamps each")
    _add_count(merger, "--epochs", 18, "times that each is looked at anew")
    add("oddity", _oddity, "the novelty's network, on images with random light and damage in them",
        output="sosia-oddity.npz", work="embeddings, 1 GB")  # fmt: skip


def _add_network(
    networks: argparse._SubParsersAction[argparse.ArgumentParser],
    name: str,
    train: Callable[[argparse.Namespace], None],
    summary: str,
    *,
    output: str,
    work: str,
    weights: str = "the weights",
) -> argparse.ArgumentParser:
    """Declare one network, and what all of them take."""
    parser: argparse.ArgumentParser = networks.add_parser(name, help=summary)
    file = Path(output)
    parser.add_argument("--output", type=Path, default=file, metavar="FILE", help=weights)
    parser.add_argument(
        "--work", type=Path, default=Path(f"{file.stem}-training"), metavar="DIR",
        help=f"{work}; a run that was broken off goes on from there",
    )  # fmt: skip
    parser.set_defaults(train=train)
    return parser


def _add_count(parser: argparse.ArgumentParser, name: str, default: int, what: str) -> None:
    parser.add_argument(name, type=whole(0), default=default, metavar="N", help=f"{what}; default: {default}")


def run(args: argparse.Namespace) -> int:
    """Train."""
    configured()  # logs of the networks belong to standard error
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

    train_streak(args.outputs, args.output, args.work, Schedule(epochs=args.epochs), args.start, args.survey)


def _merger(args: argparse.Namespace) -> None:
    from consumers.train_merger import compare_features, train_merger
    from models.train.merger import Schedule

    schedule = Schedule(shards=args.shards, epochs=args.epochs)
    if args.features is None:
        train_merger(args.output, args.work, schedule, args.start)
    else:
        compare_features(args.features, args.output if args.output.is_file() else None, args.work, schedule)


def _oddity(args: argparse.Namespace) -> None:
    from consumers.train_oddity import Plan, train_oddity

    train_oddity(args.output, args.work, Plan())


def _lens(args: argparse.Namespace) -> None:
    from consumers.train_lens import train_lens
    from models.train.lens import Schedule

    schedule = Schedule(epochs=args.epochs, settling=args.settling, shards=args.shards)
    train_lens(args.form, args.output, args.work, schedule)


def _router(args: argparse.Namespace) -> None:
    from consumers.train_router import calibrate_router, train_router
    from models.train.router import Schedule

    if args.calibrate:
        calibrate_router(args.output, args.work, args.calibration)
    else:
        train_router(args.output, args.work, Schedule(epochs=args.epochs), args.calibration)
