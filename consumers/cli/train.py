"""``sosia train``: makes the project's own weights again."""

from __future__ import annotations

import argparse
from pathlib import Path

#: As `models.simulate.profiles.PROFILES` has them, which is slow to import.
_SURVEYS = ("ztf", "lsst", "kids", "euclid")


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
    streak.add_argument("--epochs", type=int, default=60, help="of 24,576 new stamps each, seen twice; default: 60")
    streak.add_argument("--from", dest="start", type=Path, metavar="WEIGHTS", help="go on from other weights (.h5)")
    streak.add_argument(
        "--survey", choices=_SURVEYS, help="draw one survey's stamps only: those weights are its own; default: all"
    )
    streak.set_defaults(train=_streak)
    lens = networks.add_parser("lens", help="an ensemble of lens networks, on simulated arcs and impostors")
    lens.add_argument("--form", choices=("ground-ugri", "ground", "space"), required=True, help="survey and bands")
    lens.add_argument(
        "--output", type=Path, default=Path("sosia-lens.h5"), metavar="FILE",
        help="the weights; form and member are put before the ending",
    )  # fmt: skip
    lens.add_argument(
        "--work", type=Path, default=Path("sosia-lens-training"), metavar="DIR",
        help="stamps and checkpoints, 3 GB; a run that was broken off goes on from there",
    )  # fmt: skip
    lens.add_argument("--shards", type=int, default=24, help="of 4,096 simulated stamps each; default: 24")
    lens.add_argument("--epochs", type=int, default=24, help="times that each is seen, normalised; default: 24")
    lens.add_argument("--settling", type=int, default=12, help="times that each is seen after that; default: 12")
    lens.set_defaults(train=_lens)
    router = networks.add_parser("router", help="the router, behind the class networks that ship")
    router.add_argument("--output", type=Path, default=Path("sosia-router.h5"), metavar="FILE", help="the weights")
    router.add_argument(
        "--work", type=Path, default=Path("sosia-router-training"), metavar="DIR",
        help="shards and checkpoints, 4 GB; a run that was broken off goes on from there",
    )  # fmt: skip
    router.add_argument("--epochs", type=int, default=12, help="times that each stamp is seen; default: 12")
    router.add_argument(
        "--calibration", type=int, default=60_000, metavar="N",
        help="accepted positives of each class that its threshold is set on; default: 60000",
    )  # fmt: skip
    router.add_argument(
        "--calibrate", action="store_true",
        help="train nothing: set thresholds anew for the weights in --output, after class networks have changed",
    )  # fmt: skip
    router.set_defaults(train=_router)
    merger = networks.add_parser("merger", help="the merger network, on simulated encounters and other galaxies")
    merger.add_argument(
        "--features", choices=("backbone", "vgg19"),
        help="train a head on that network's features, and only tell how it compares with the network that ships",
    )  # fmt: skip
    merger.add_argument("--output", type=Path, default=Path("sosia-merger.h5"), metavar="FILE", help="the weights")
    merger.add_argument(
        "--work", type=Path, default=Path("sosia-merger-training"), metavar="DIR",
        help="shards and checkpoints, 1 GB; a run that was broken off goes on from there",
    )  # fmt: skip
    merger.add_argument("--from", dest="start", type=Path, metavar="WEIGHTS", help="go on from these weights (.h5)")
    merger.add_argument("--shards", type=int, default=60, help="of 1,024 simulated stamps each; default: 60")
    merger.add_argument("--epochs", type=int, default=18, help="times that each is looked at anew; default: 18")
    merger.set_defaults(train=_merger)
    _add_oddity(networks)


def _add_oddity(networks: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    oddity = networks.add_parser("oddity", help="the novelty's network, on images with random light and damage in them")
    oddity.add_argument("--output", type=Path, default=Path("sosia-oddity.npz"), metavar="FILE", help="the weights")
    oddity.add_argument(
        "--work", type=Path, default=Path("sosia-oddity-training"), metavar="DIR",
        help="embeddings, 1 GB; a run that was broken off goes on from there",
    )  # fmt: skip
    oddity.add_argument(
        "--pictures", type=int, metavar="N", help="the network of pictures of galaxies, on N ordinary and N odd ones"
    )
    oddity.set_defaults(train=_oddity)


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
    from consumers.train_oddity import Plan, train_oddity, train_on_pictures

    if args.pictures:
        train_on_pictures(args.output, args.pictures)
    else:
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
