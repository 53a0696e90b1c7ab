"""``sosia dead``: lists dead letters, shows one, sends them once more."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from consumers.cli.cluster import add_cluster_arguments, cluster_settings
from consumers.cli.moment import moment
from schemas.errors import DeadReason

if TYPE_CHECKING:
    from collections.abc import Iterable

    from consumers.dead.letters import DeadLetter


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    lists = actions.add_parser("list", help="one a line", description="List dead letters.")
    lists.add_argument("--json", action="store_true", help="print one JSON object a line")
    shows = actions.add_parser("show", help="one of them, with its first bytes", description="Show a dead letter.")
    shows.add_argument("origin", metavar="TOPIC/PARTITION/OFFSET", help="where it was first received")
    shows.add_argument("--output", type=Path, metavar="FILE", help="write the original bytes to a file")
    replays = actions.add_parser(
        "replay", help="send them to the workers once more", description="Send dead letters to the workers once more."
    )
    replays.add_argument("--again", action="store_true", help="also those that were sent before")
    for one in (lists, replays):
        one.add_argument("--reason", choices=[str(reason) for reason in DeadReason], help="only those that died of it")
        one.add_argument("--topic", metavar="T", help="only those first received there")
        one.add_argument(
            "--from", dest="start", type=moment, metavar="TIME",
            help="only those that died then or later: ISO 8601 (UTC where it has no zone), or so many seconds ago",
        )  # fmt: skip
        one.add_argument("--to", dest="end", type=moment, metavar="TIME", help="only those that died before")
    for one in (lists, shows, replays):
        add_cluster_arguments(one)


def run(args: argparse.Namespace) -> int:
    """List, show or replay; 1 where the one is not there, or some were replayed before."""
    from consumers.dead.letters import Selection, dead_letters
    from consumers.dead.replay import attempts, replay

    settings = cluster_settings(args)
    config = settings.kafka.client_config()
    if args.action == "show":
        return _show(list(dead_letters(config, Selection(origin=args.origin))), args)
    selection = Selection(args.reason, args.topic, None, args.start, args.end)
    if args.action == "list":
        return _list(dead_letters(config, selection), attempts(config), as_json=args.json)
    done = replay(config, dead_letters(config, selection), settings.kafka.message_bytes, again=args.again)
    refused = f"; {done.refused} were replayed before, and --again sends them once more" if done.refused else ""
    sys.stdout.write(f"{done.sent} dead letters replayed{refused}\n")
    return int(done.refused > 0)


def _list(letters: Iterable[DeadLetter], sent: dict[str, int], *, as_json: bool) -> int:
    for letter in letters:
        replayed = sent.get(letter.origin, 0) > letter.attempt
        if as_json:
            sys.stdout.write(json.dumps(_as_json(letter, replayed=replayed)) + "\n")
        else:
            sys.stdout.write(
                f"{letter.died:%Y-%m-%d %H:%M:%S}  {letter.origin}  attempt {letter.attempt}  {letter.reason}: "
                f"{letter.detail}{'  (replayed)' if replayed else ''}\n"
            )
    return 0


def _show(letters: list[DeadLetter], args: argparse.Namespace) -> int:
    if not letters:
        sys.stderr.write(f"sosia dead: there is no dead letter of origin {args.origin!a}\n")
        return 1
    for letter in letters:
        sys.stdout.write(json.dumps({**_as_json(letter), "begins": (letter.value or b"")[:64].hex()}, indent=2) + "\n")
    if args.output is not None:
        args.output.write_bytes(letters[-1].value or b"")
    return 0


def _as_json(letter: DeadLetter, *, replayed: bool | None = None) -> dict[str, object]:
    line: dict[str, object] = {
        "origin": letter.origin,
        "attempt": letter.attempt,
        "reason": letter.reason,
        "detail": letter.detail,
        "survey": letter.survey,
        "died": letter.died.isoformat(),
        "published": letter.published.isoformat() if letter.published else None,
        "worker": letter.worker,
        "version": letter.version,
        "bytes": None if letter.value is None else len(letter.value),
    }
    return line if replayed is None else {**line, "replayed": replayed}
