"""``sosia evaluate``: the figures of a model card again."""

from __future__ import annotations

import argparse
from pathlib import Path

from consumers.cli.configured import add_config_argument, configured
from consumers.cli.numbers import whole

#: As `consumers.evaluate_epochs.worlds.WORLDS` has them, which is slow to import.
_WORLDS = ("monitoring", "alert-selected")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    networks = parser.add_subparsers(dest="network", required=True, metavar="NETWORK")
    backbone = networks.add_parser("backbone", help="a student network against its teacher: models/cards/sosia-64.md")
    backbone.add_argument("--data", type=Path, metavar="DIR", help="folder with real ZTF and Rubin packets")
    backbone.add_argument(
        "--teacher", default="efficientnetv2-b0", metavar="NAME_OR_PATH",
        help="efficientnet-b0, efficientnetv2-b0, or a Keras weights file (.h5) of one; default: efficientnetv2-b0",
    )  # fmt: skip
    backbone.add_argument(
        "--student", default="sosia-64", metavar="NAME_OR_PATH", help="the same for the student; default: sosia-64"
    )
    backbone.add_argument(
        "--simulated", type=whole(0), default=1000, metavar="N", help="simulated packets to compare on; default: 1000"
    )
    epochs = networks.add_parser("epochs", help="the epoch rules and their competitors: models/cards/epochs.md")
    epochs.add_argument(
        "--world", choices=_WORLDS, action="append", help="simulated world; may be repeated; default: both"
    )
    epochs.add_argument("--objects", type=whole(0), metavar="N", help="of each world; 0: no simulated world")
    epochs.add_argument("--seed", type=whole(0), default=64, metavar="N", help="of the simulations; default: 64")
    epochs.add_argument("--data", type=Path, metavar="DIR", help="folder with real ZTF and Rubin packets")
    epochs.add_argument(
        "--weights", metavar="NAME_OR_PATH", default="sosia-64",
        help="backbone, or a Keras weights file (.h5) of one; default: sosia-64",
    )  # fmt: skip
    epochs.add_argument("--json", action="store_true", help="one figure a line")
    epochs.add_argument("--card", type=Path, metavar="FILE", help="write the tables as Markdown")
    epochs.add_argument("--picture", type=Path, metavar="FILE", help="draw flagged and passed epochs, as PNG")
    streak = networks.add_parser("streak", help="the streak network and its competitors: models/cards/streak.md")
    streak.add_argument("--n", type=whole(0), default=20_000, metavar="N", help="stamps; 0: none; default: 20000")
    streak.add_argument("--frames", type=whole(0), default=200, metavar="N", help="whole images; default: 200")
    streak.add_argument("--data", type=Path, metavar="DIR", help="folder with real packets and pictures of streaks")
    streak.add_argument("--picture", type=Path, metavar="FILE", help="draw misses and false detections, as PNG")
    streak.add_argument("--weights", type=Path, metavar="FILE", help="other weights (.h5) than those that ship")
    streak.add_argument(
        "--transfer", type=Path, metavar="FILE",
        help="instead, learn Euclid's trails after KiDS's and from nothing, on 100 to 10,000 stamps; draw that, as PNG",
    )  # fmt: skip
    lens = networks.add_parser("lens", help="the lens networks: models/cards/lens.md")
    lens.add_argument("--n", type=whole(0), default=100_000, metavar="N", help="stamps of each sky; default: 100000")
    lens.add_argument("--sky", choices=("ground", "space"), help="only the forms of this sky; default: both")
    lens.add_argument("--data", type=Path, metavar="DIR", help="folder with graded candidates, lenses/cfhtls/")
    lens.add_argument("--card", type=Path, metavar="FILE", help="write the tables as Markdown")
    lens.add_argument("--picture", type=Path, metavar="FILE", help="draw what is found and what is missed, as PNG")
    merger = networks.add_parser("merger", help="the merger network and its competitor: models/cards/merger.md")
    merger.add_argument("--n", type=whole(0), default=10_000, metavar="N", help="stamps; 0: none; default: 10000")
    merger.add_argument("--data", type=Path, metavar="DIR", help="folder with Galaxy Zoo's pictures, galaxyzoo/")
    merger.add_argument("--picture", type=Path, metavar="FILE", help="draw what is found and what is missed, as PNG")
    merger.add_argument("--weights", type=Path, metavar="FILE", help="other weights (.h5) than those that ship")
    router = networks.add_parser("router", help="the router before the class networks: models/cards/router.md")
    router.add_argument("--n", type=whole(0), default=3000, metavar="N", help="positives of each class; default: 3000")
    router.add_argument(
        "--work", type=Path, default=Path("sosia-router-evaluation"), metavar="DIR", help="the stamps, 1 GB"
    )
    router.add_argument(
        "--night", type=whole(0), default=2000, metavar="N",
        help="alerts of a simulated night of ZTF and of Rubin each; default: 2000",
    )  # fmt: skip
    router.add_argument(
        "--weights", type=Path, metavar="FILE", help="other weights (.h5) than those that ship, with thresholds (.json)"
    )
    novelty = networks.add_parser("novelty", help="the novelty index and its competitors: models/cards/novelty.md")
    novelty.add_argument(
        "--alerts", type=whole(0), default=8000, metavar="N", help="of each survey's night; default: 8000"
    )
    novelty.add_argument(
        "--stamps", type=whole(0), default=800_000, metavar="N",
        help="distinct ones, for nights with injected novelties; 0: none; default: 800000",
    )  # fmt: skip
    novelty.add_argument(
        "--entries", type=whole(0), default=1_000_000, metavar="N", help="of the large index; 0: none; default: 1000000"
    )
    novelty.add_argument(
        "--lenses", type=whole(0), default=5000, metavar="N", help="lens candidates, a tenth real ones; default: 5000"
    )
    novelty.add_argument(
        "--galaxies", type=whole(0), default=12_000, metavar="N", help="of known mass and rate; 0: none; default: 12000"
    )
    novelty.add_argument(
        "--pictures", type=whole(0), default=12, metavar="N", help="simulated surveys; 0: none; default: 12"
    )
    novelty.add_argument("--data", type=Path, metavar="DIR", help="folder with Galaxy Zoo's pictures, galaxyzoo/")
    novelty.add_argument("--folder", type=Path, metavar="DIR", help="keep what is simulated, and find it again")
    novelty.add_argument(
        "--seed", type=int, default=6, help="of the nights; default: 6; 5 is what choices were made on"
    )
    add_config_argument(novelty, "settings in TOML: the backbone")


def run(args: argparse.Namespace) -> int:
    """Print the figures."""
    from consumers.accelerator import choose_device

    choose_device(configured().backbone.device)  # logs belong to standard error, and TensorFlow's greetings nowhere
    networks = {
        "backbone": _backbone,
        "epochs": _epochs,
        "streak": _streak,
        "lens": _lens,
        "router": _router,
        "merger": _merger,
        "novelty": _novelty,
    }
    return networks[args.network](args)


def _backbone(args: argparse.Namespace) -> int:
    from rich.console import Console

    from consumers.evaluate_backbone import BATCHES, on_packets, on_simulations, speed
    from consumers.train_backbone import open_network

    console = Console(highlight=False)
    teacher, student = open_network(args.teacher), open_network(args.student)
    console.print(f"student {student.name} {student.digest[:16]}, teacher {teacher.name} {teacher.digest[:16]}")
    measured = [on_simulations(teacher, student, args.simulated)] if args.simulated else []
    measured += on_packets(teacher, student, args.data) if args.data else []
    for one in measured:
        console.print(one.sample)
        console.print(f"  mean-centred cosine     {one.agreement.cosine}")
        console.print(f"  Spearman of distances   {one.agreement.spearman}")
        console.print(f"  of 10 nearest, shared   {one.agreement.neighbours}")
    clock = speed(*([open_network(name, batch) for batch in BATCHES] for name in (args.teacher, args.student)))
    ratio = clock.student / clock.teacher
    console.print(f"speed on {clock.cores} cores, stamps a second, each at its best batch of {BATCHES}")
    console.print(f"  student {clock.student:,.0f}, teacher {clock.teacher:,.0f}: {ratio:.1f} times as fast")
    return 0


def _epochs(args: argparse.Namespace) -> int:
    from consumers.evaluate_epochs.run import OBJECTS, Plan, print_figures

    objects = {world: OBJECTS[world] if args.objects is None else args.objects for world in args.world or _WORLDS}
    plan = Plan(objects if args.objects != 0 else {}, args.seed, args.data, args.picture)
    print_figures(args.weights, plan, as_json=args.json, card=args.card)
    return 0


def _streak(args: argparse.Namespace) -> int:
    from consumers.evaluate_streak.run import print_figures
    from consumers.evaluate_streak.transfer import print_transfer

    if args.transfer is not None:
        print_transfer(args.transfer)
    else:
        print_figures(args.n, args.frames, args.data, args.weights, args.picture)
    return 0


def _merger(args: argparse.Namespace) -> int:
    from consumers.evaluate_merger.run import print_figures

    print_figures(args.n, args.data, args.weights, args.picture)
    return 0


def _router(args: argparse.Namespace) -> int:
    from consumers.evaluate_router.run import print_figures

    print_figures(args.n, args.night, args.work, args.weights)
    return 0


def _lens(args: argparse.Namespace) -> int:
    from consumers.evaluate_lens.run import SKIES, print_figures

    print_figures(args.n, args.data, args.card, args.picture, [args.sky] if args.sky else tuple(SKIES))
    return 0


def _novelty(args: argparse.Namespace) -> int:
    from consumers.evaluate_novelty.run import Plan, print_figures

    plan = Plan(
        args.alerts, args.stamps, args.entries, args.lenses, args.galaxies, args.pictures, args.data, args.folder,
        args.seed,
    )  # fmt: skip
    print_figures(configured(args.config).backbone, plan)
    return 0
