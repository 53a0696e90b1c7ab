"""``sosia history rebuild``: writes the history again from Kafka."""

from __future__ import annotations

import argparse
import sys

from consumers.cli.cluster import add_cluster_arguments, cluster_settings


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument(
        "action",
        choices=["rebuild"],
        help="write all the rows of sosia.embeddings.v1 into history.url; what is there already stays as it is",
    )
    add_cluster_arguments(parser)


def run(args: argparse.Namespace) -> int:
    """Rebuild the history; doing so again changes nothing."""
    from consumers.rebuild_history import rebuild

    written = rebuild(cluster_settings(args))
    sys.stdout.write(f"{written} rows\n")
    return 0
