"""``sosia page``: the live page."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from consumers.cli.cluster import add_cluster_arguments, cluster_settings
from consumers.cli.numbers import whole

#: Annotations that the page holds by default; some 8 kB each.
HELD = 10_000


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument("--survey", action="append", default=[], metavar="S", help="only this one; may be repeated")
    parser.add_argument(
        "--held", type=whole(1, 1_000_000), default=HELD, metavar="N", help=f"newest alerts held; default: {HELD}"
    )
    parser.add_argument(
        "--index",
        type=Path,
        metavar="DIR",
        help="folder of indexes, or a worker's index.cache: shows each alert's look-alikes",
    )
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on; default: this machine only")
    parser.add_argument("--port", type=whole(0, 65535), default=8002, help="default: 8002; 0 for any free one")
    add_cluster_arguments(parser)


def run(args: argparse.Namespace) -> int:
    """Serve until interrupted."""
    from consumers.page.serve import serve

    settings = cluster_settings(args)
    serve(settings, args.survey, args.held, args.host, args.port, args.index, _say)
    return 0


def _say(address: str) -> None:
    sys.stdout.write(f"{address}\n")
    sys.stdout.flush()
