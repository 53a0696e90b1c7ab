"""``sosia ledger``: the audit."""

from __future__ import annotations

import argparse
import dataclasses
import json
import sys
from typing import TYPE_CHECKING

from consumers.cli.cluster import add_cluster_arguments, cluster_settings
from consumers.printable import printable, printable_lines

if TYPE_CHECKING:
    from consumers.audit.audit import Audit


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument("topics", nargs="*", metavar="TOPIC", help="input topics; default: all that the ledger names")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    add_cluster_arguments(parser)


def run(args: argparse.Namespace) -> int:
    """Audit the cluster; 0 where it is in balance, else 1."""
    from consumers.audit.audit import audit

    found = audit(cluster_settings(args).kafka.client_config(), args.topics or None)
    if args.json:
        sys.stdout.write(json.dumps(_as_json(found)) + "\n")
    else:
        _print(found)
    return int(not found.balanced)


def _as_json(found: Audit) -> dict[str, object]:
    totals = (
        "received",
        "replayed",
        "annotated",
        "dead",
        "skipped",
        "repeated",
        "difference",
        "outstanding",
        "reasons",
    )
    rows = [{**dataclasses.asdict(row), "difference": row.difference} for row in found.rows]
    return {
        "balanced": found.balanced,
        **{name: getattr(found, name) for name in totals},
        "rows": rows,
        "problems": list(found.problems),
    }


def _print(found: Audit) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, header_style="bold", pad_edge=False)
    for heading in ("partition", "received", "annotated", "dead", "skipped", "repeated", "difference"):
        table.add_column(heading, justify="left" if heading == "partition" else "right")
    table.add_column("reasons")
    for row in found.rows:
        numbers = (row.received, row.annotated, row.dead, row.skipped, row.repeated, row.difference)
        reasons = ", ".join(f"{count} {reason}" for reason, count in sorted(row.reasons.items()))
        table.add_row(Text(printable(f"{row.topic}/{row.partition}")), *map(str, numbers), Text(printable(reasons)))
    # Off a terminal a table must not be folded at a width that nobody chose.
    console = Console(highlight=False, soft_wrap=not sys.stdout.isatty(), width=None if sys.stdout.isatty() else 200)
    console.print(table)
    console.print(
        f"{found.received} received + {found.replayed} replayed = {found.annotated} annotated + {found.dead} dead "
        f"+ {found.skipped} skipped, difference {found.difference}; {found.outstanding} dead letters outstanding"
    )
    for problem in found.problems:
        console.print(Text(printable_lines(problem), style="red"))  # it may quote what a record says
    console.print("in balance" if found.balanced else Text("NOT in balance", style="bold red"))
