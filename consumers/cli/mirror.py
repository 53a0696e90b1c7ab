"""``sosia mirror``: brings a foreign cluster's topics in."""

from __future__ import annotations

import argparse

from consumers.cli.cluster import add_cluster_arguments, cluster_settings


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    add_cluster_arguments(parser)


def run(args: argparse.Namespace) -> int:
    """Mirror until SIGTERM or SIGINT; the second one ends it at once."""
    from consumers.assembly import utc_now
    from consumers.mirror.mirror import Mirror
    from consumers.stop_signals import on_stop_signal

    mirror = Mirror(cluster_settings(args), utc_now)
    on_stop_signal(mirror.stop)
    mirror.run()
    return 0
