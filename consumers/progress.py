"""Progress bars on standard error."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from rich.console import Console
    from rich.progress import Progress

Item = TypeVar("Item")


def tracked(items: Sequence[Item], label: str) -> Iterable[Item]:
    """Return the items, which show how far they have come as they are taken, where standard error is a terminal."""
    from rich.console import Console
    from rich.progress import track

    console = Console(stderr=True)
    return track(items, label, console=console) if console.is_terminal else items


def training_bars(console: Console | None = None) -> Progress:
    """Return what shows how far a training has come: what it is at, how much of it is done, and how long it will take.

    Parameters
    ----------
    console : Console, optional
        By default standard error.
    """
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    return Progress(*columns, console=console or Console(stderr=True))
