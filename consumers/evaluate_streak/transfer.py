"""The curve of transfer between surveys, printed as it is measured and drawn."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.console import Console
from rich.progress import track

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

SOURCE, TARGET = "kids", "euclid"


def print_transfer(
    file: Path, counts: Sequence[int] | None = None, stamps: int | None = None, repeats: int | None = None
) -> None:
    """Learn the target's trails after the source's and from nothing; print the table, draw the curve.

    Parameters
    ----------
    file : path
        Of the picture, PNG.
    counts : sequence of int, optional
        Numbers of the target's stamps.
    stamps : int, optional
        Number of the source's.
    repeats : int, optional
        Trainings for each number.
    """
    from models.train.streak_transfer import MEASURE, SOURCE_STAMPS, streak_transfer
    from models.train.transfer import COUNTS, REPEATS, curve, draw_curve, table

    counts = counts or COUNTS
    task = streak_transfer(SOURCE, TARGET, stamps or SOURCE_STAMPS)
    ticks = track(
        curve(task, counts, repeats or REPEATS),
        "Transfer",
        len(counts) + 1,
        console=Console(stderr=True),
        transient=True,
    )
    rows = list(ticks)
    console = Console(highlight=False, soft_wrap=True)
    console.print(f"{MEASURE}: {SOURCE} to {TARGET}, simulated")
    for line in table(rows):
        console.print(line, markup=False)
    draw_curve(rows, MEASURE, file)
