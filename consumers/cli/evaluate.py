"""``sosia evaluate``: the figures of a model card again."""

from __future__ import annotations

import argparse
from pathlib import Path


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
        "--simulated", type=int, default=1000, metavar="N", help="simulated packets to compare on; default: 1000"
    )


def run(args: argparse.Namespace) -> int:
    """Print the figures."""
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
