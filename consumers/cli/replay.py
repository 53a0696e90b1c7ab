"""``sosia replay``: publishes packets from files."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from consumers.cli.cluster import add_cluster_arguments, cluster_settings


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument(
        "paths", nargs="+", type=Path, metavar="FILE", help="files, or folders with .avro files in them"
    )
    parser.add_argument("--topic", required=True, help="where to")
    parser.add_argument("--rate", type=_rate, metavar="N/s", help="packets a second; default: as fast as it goes")
    parser.add_argument("--partitions", type=int, metavar="N", help="create the topic with so many where it is missing")
    add_cluster_arguments(parser)


def run(args: argparse.Namespace) -> int:
    """Publish the files; 1 where not all were delivered."""
    from broker.files import find_files
    from consumers.replay import ensure_topic, packets_of, publish
    from consumers.replay_progress import shown

    settings = cluster_settings(args)
    config = settings.kafka.producer_config() | {"message.max.bytes": str(settings.kafka.message_bytes)}
    files = find_files(args.paths)
    ensure_topic(config, args.topic, args.partitions)
    with shown(total=len(files)) as progress:
        publish(packets_of(files), args.topic, config, rate=args.rate, progress=progress)
    sys.stdout.write(f"{progress.summary(args.topic)}\n")
    return int(progress.failed > 0)


def _rate(text: str) -> float:
    rate = float(text.removesuffix("/s"))
    if not 0 < rate < float("inf"):
        raise argparse.ArgumentTypeError("must be more than 0 packets a second")
    return rate
