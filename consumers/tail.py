"""How `sosia tail` prints alerts: a line each, for eyes or for programs."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from datetime import datetime
from typing import TYPE_CHECKING, Any

from consumers.client import Unreadable
from consumers.finite import finite
from consumers.printable import printable

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from rich.text import Text

    from consumers.client import Alerts


class Tail:
    """Prints what a subscription gives.

    Parameters
    ----------
    as_json : bool
        One JSON object a line, instead of text.

    Attributes
    ----------
    failed : bool
        Whether a record held no annotation.
    """

    def __init__(self, *, as_json: bool) -> None:
        self._print = _json_line if as_json else _terminal_line()
        self.failed = False

    def follow(self, alerts: Alerts) -> None:
        """Print alerts until there are no more."""
        for alert in alerts:
            self._print(alert.annotation)

    def unreadable(self, record: Unreadable) -> None:
        """Print why a record has no annotation."""
        self.failed = True
        self._print(record)


def _json_line(shown: Mapping[str, Any] | Unreadable) -> None:
    line = asdict(shown) if isinstance(shown, Unreadable) else shown
    sys.stdout.write(json.dumps(finite(line), default=datetime.isoformat) + "\n")
    sys.stdout.flush()


def _terminal_line() -> Callable[[Mapping[str, Any] | Unreadable], None]:
    from rich.console import Console

    # As wide as a line is: a subscriber's line is cut by nobody but the terminal.
    console = Console(highlight=False, soft_wrap=True)
    return lambda shown: console.print(_text(shown))


def _text(shown: Mapping[str, Any] | Unreadable) -> Text:
    """Lay one annotation out as a line; ids and reasons come from packets, so they are made printable."""
    from rich.text import Text

    if isinstance(shown, Unreadable):
        return Text(f"{shown.topic}/{shown.partition}/{shown.offset}: {printable(shown.error)}", style="red")
    epoch = shown["epoch"]
    verdict = "problematic" if epoch["problematic"] else epoch["state"]
    fields = (
        f"{shown['annotateTime']:%Y-%m-%d %H:%M:%S}",
        f"{printable(shown['survey']):5}",
        f"{printable(shown['objectId']):20}",
        f"{printable(shown['epochId']):20}",
        f"{printable(shown['band'] or '-'):3}",
        f"mjd {_number(shown['mjd'], 13, 5)}",
        f"distance {_number(epoch['referenceDistance'], 7, 3)}",
        f"{printable(verdict):12}",
        printable(epoch["reason"] or ""),
    )
    return Text("  ".join(fields).rstrip(), style="bold red" if epoch["problematic"] else "")


def _number(value: float | None, width: int, digits: int) -> str:
    return f"{'-':>{width}}" if value is None else f"{value:{width}.{digits}f}"
