"""``sosia tail``: prints annotated alerts."""

from __future__ import annotations

import argparse

from consumers.cli.cluster import add_cluster_arguments, cluster_settings
from consumers.cli.moment import moment
from consumers.cli.numbers import whole

#: How many are looked at first, where nothing else is asked for; with a filter, of which most may not pass.
DEFAULT_LAST, DEFAULT_LAST_FILTERED = 10, 10_000


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    where = parser.add_mutually_exclusive_group(required=True)
    where.add_argument("--survey", metavar="S", help="alerts of this survey, such as ztf")
    where.add_argument("--topic", metavar="T", help="an annotated or a scores topic")
    begin = parser.add_mutually_exclusive_group()
    begin.add_argument("--last", type=whole(0), metavar="N", help=(
        f"begin with the last N, of which those that pass the filter are shown; default: {DEFAULT_LAST}, "
        f"{DEFAULT_LAST_FILTERED} with --where"
    ))  # fmt: skip
    begin.add_argument(
        "--from", dest="start", type=moment, metavar="TIME",
        help="begin with those of this time: ISO 8601 (UTC where it has no zone), or so many seconds ago",
    )  # fmt: skip
    parser.add_argument(
        "--where", metavar="EXPR",
        help="only those that pass, such as 'epoch.problematic and novelty.pValue < 1e-3' or 'streak.score > 0.5'",
    )  # fmt: skip
    parser.add_argument(
        "--group", type=_name, metavar="NAME",
        help="go on where this consumer group left off, and at --from where it has not been before",
    )  # fmt: skip
    parser.add_argument(
        "--follow", action=argparse.BooleanOptionalAction, default=True, help="go on with those that come; default: yes"
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object a line")
    add_cluster_arguments(parser)


def run(args: argparse.Namespace) -> int:
    """Print annotations; 1 where a record held none."""
    from consumers.client import subscribe
    from consumers.names import scores
    from consumers.registry import open_source
    from consumers.tail import Tail

    settings = cluster_settings(args)
    last = args.last
    if last is None and args.start is None and args.group is None:
        last = DEFAULT_LAST_FILTERED if args.where else DEFAULT_LAST
    tail = Tail(as_json=args.json)
    with subscribe(
        args.topic or scores(args.survey),
        settings.kafka.bootstrap_servers,
        last=last,
        start=args.start,
        group=args.group,
        where=args.where,
        follow=args.follow,
        registry=open_source(settings.registry),
        options=settings.kafka.client_config(),
        unreadable=tail.unreadable,
    ) as alerts:
        tail.follow(alerts)
    return int(tail.failed)


def _name(text: str) -> str:
    if not text:
        raise argparse.ArgumentTypeError("must not be empty")
    return text
