"""``sosia mirror``: brings a foreign cluster's topics in."""

from __future__ import annotations

import argparse
import signal
from typing import TYPE_CHECKING

from consumers.cli.cluster import add_cluster_arguments, cluster_settings

if TYPE_CHECKING:
    from types import FrameType


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    add_cluster_arguments(parser)


def run(args: argparse.Namespace) -> int:
    """Mirror until SIGTERM or SIGINT."""
    from consumers.assembly import utc_now
    from consumers.mirror.mirror import Mirror

    mirror = Mirror(cluster_settings(args), utc_now)

    def stop(_number: int, _: FrameType | None) -> None:
        mirror.stop()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, stop)
    mirror.run()
    return 0
