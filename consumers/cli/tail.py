"""``sosia tail``: prints annotated alerts."""

from __future__ import annotations

import argparse
import json
import sys
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from consumers.cli.cluster import add_cluster_arguments, cluster_settings

if TYPE_CHECKING:
    from collections.abc import Callable

    from rich.text import Text

    from consumers.tail import Received

#: How many are shown at first, where nothing else is asked for.
DEFAULT_LAST = 10


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    where = parser.add_mutually_exclusive_group(required=True)
    where.add_argument("--survey", metavar="S", help="alerts of this survey, such as ztf")
    where.add_argument("--topic", metavar="T", help="an annotated or a scores topic")
    begin = parser.add_mutually_exclusive_group()
    begin.add_argument("--last", type=_count, metavar="N", help=f"begin with the last N; default: {DEFAULT_LAST}")
    begin.add_argument(
        "--from", dest="start", type=_time, metavar="TIME",
        help="begin with those of this time: ISO 8601 (UTC where it has no zone), or so many seconds ago",
    )  # fmt: skip
    parser.add_argument(
        "--follow", action=argparse.BooleanOptionalAction, default=True, help="go on with those that come; default: yes"
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object a line")
    add_cluster_arguments(parser)


def run(args: argparse.Namespace) -> int:
    """Print annotations; 1 where a record held none."""
    from consumers.names import scores
    from consumers.registry import open_source
    from consumers.tail import subscribe

    settings = cluster_settings(args)
    last = DEFAULT_LAST if args.last is None and args.start is None else args.last
    print_line = _json_line if args.json else _terminal_line()
    failed = False
    for received in subscribe(
        settings.kafka.client_config(),
        args.topic or scores(args.survey),
        last=last,
        start=args.start.timestamp() if args.start else None,
        follow=args.follow,
        source=open_source(settings.registry),
    ):
        print_line(received)
        failed |= received.annotation is None
    return int(failed)


def _json_line(received: Received) -> None:
    line = received.annotation or {"error": received.error}
    sys.stdout.write(json.dumps(line, default=datetime.isoformat) + "\n")
    sys.stdout.flush()


def _terminal_line() -> Callable[[Received], None]:
    from rich.console import Console

    # As wide as a line is: a subscriber's line is cut by nobody but the terminal.
    console = Console(highlight=False, soft_wrap=True)
    return lambda received: console.print(_text(received))


def _text(received: Received) -> Text:
    """Lay one annotation out as a line; ids and reasons come from packets, so they are made printable."""
    from rich.text import Text

    from consumers.worker.dead_letters import printable

    if received.annotation is None:
        place = f"{received.topic}/{received.partition}/{received.offset}"
        return Text(f"{place}: {printable(received.error or '')}", style="red")
    annotation = received.annotation
    epoch = annotation["epoch"]
    verdict = "problematic" if epoch["problematic"] else epoch["state"]
    fields = (
        f"{annotation['annotateTime']:%Y-%m-%d %H:%M:%S}",
        f"{printable(annotation['survey']):5}",
        f"{printable(annotation['objectId']):20}",
        f"{printable(annotation['epochId']):20}",
        f"{printable(annotation['band'] or '-'):3}",
        f"mjd {_number(annotation['mjd'], 13, 5)}",
        f"distance {_number(epoch['referenceDistance'], 7, 3)}",
        f"{printable(verdict):12}",
        printable(epoch["reason"] or ""),
    )
    return Text("  ".join(fields).rstrip(), style="bold red" if epoch["problematic"] else "")


def _number(value: float | None, width: int, digits: int) -> str:
    return f"{'-':>{width}}" if value is None else f"{value:{width}.{digits}f}"


def _count(text: str) -> int:
    count = int(text)
    if count < 0:
        raise argparse.ArgumentTypeError("must not be negative")
    return count


def _time(text: str) -> datetime:
    try:
        return datetime.now(UTC) - timedelta(seconds=float(text))
    except ValueError:
        pass
    except OverflowError:
        raise argparse.ArgumentTypeError(f"{text} seconds ago is before the calendar begins") from None
    try:
        time = datetime.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is neither an ISO 8601 time nor a number of seconds") from None
    return time if time.tzinfo else time.replace(tzinfo=UTC)
