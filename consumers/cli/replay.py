"""``sosia replay``: publishes packets from files, or of a simulated night."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from consumers.cli.cluster import add_cluster_arguments, cluster_settings
from consumers.cli.numbers import more_than_0, whole


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument(
        "paths", nargs="*", type=Path, metavar="FILE", help="files, or folders with .avro files in them"
    )
    parser.add_argument("--simulate", choices=("ztf", "lsst"), help="a simulated night of this survey instead of files")
    parser.add_argument(
        "--alerts", type=whole(1), default=300, metavar="N", help="of the simulated night; default: 300"
    )
    parser.add_argument("--seed", type=whole(0), default=0, metavar="N", help="of the simulated night; default: 0")
    parser.add_argument("--truth", type=Path, metavar="FILE", help="write what was simulated, one JSON object a line")
    parser.add_argument(
        "--schema-dir", type=Path, metavar="DIR", help="write the schema of simulated lsst packets there"
    )
    where = parser.add_mutually_exclusive_group(required=True)
    where.add_argument("--topic", help="where to")
    where.add_argument("--folder", type=Path, metavar="DIR", help="instead of Kafka: write the simulated night there")
    parser.add_argument("--rate", type=_rate, metavar="N/s", help="packets a second; default: as fast as it goes")
    parser.add_argument(
        "--partitions", type=whole(1), metavar="N", help="create the topic with so many where it is missing"
    )
    add_cluster_arguments(parser)


def run(args: argparse.Namespace) -> int:
    """Publish the files; 1 where not all were delivered."""
    from broker.files import find_files
    from consumers.replay import ensure_topic, packets_of, publish
    from consumers.replay_progress import shown
    from consumers.simulated_night import save_schema, simulated_packets
    from schemas.errors import ConfigurationError

    if bool(args.paths) == bool(args.simulate):
        raise ConfigurationError("give either files or --simulate")
    if args.truth and not args.simulate:
        raise ConfigurationError("--truth tells what was simulated, and files tell no truth: leave it out")
    if args.folder:
        return _save(args)

    settings = cluster_settings(args)
    config = settings.kafka.producer_config() | {"message.max.bytes": str(settings.kafka.message_bytes)}
    if args.simulate:
        packets, total = simulated_packets(args.simulate, args.alerts, args.seed, args.truth), args.alerts
    else:
        if not (files := find_files(args.paths)):
            raise ConfigurationError(f"no .avro file below {', '.join(map(str, args.paths))}")
        packets, total = packets_of(files), len(files)
    if args.schema_dir:
        save_schema(args.schema_dir)
    ensure_topic(config, args.topic, args.partitions, settings.kafka.message_bytes)
    with shown(total=total) as progress:
        publish(packets, args.topic, config, rate=args.rate, progress=progress)
    sys.stdout.write(f"{progress.summary(args.topic)}\n")
    return int(progress.failed > 0)


def _save(args: argparse.Namespace) -> int:
    from consumers.simulated_night import save_night
    from schemas.errors import ConfigurationError

    if not args.simulate:
        raise ConfigurationError("--folder takes a simulated night: --simulate")
    written = save_night(args.folder, args.simulate, args.alerts, args.seed, args.truth)
    sys.stdout.write(f"{written} packets written to {args.folder}\n")
    return 0


def _rate(text: str) -> float:
    return more_than_0()(text.removesuffix("/s"))
