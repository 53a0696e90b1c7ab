"""The whole evaluation of the router, printed as it is measured."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.console import Console

from consumers.evaluate_router.mix import measure
from models.router import THRESHOLDS, load
from models.train.router_judges import Judges

if TYPE_CHECKING:
    from pathlib import Path


def print_figures(count: int, work: Path, weights: Path | None = None) -> None:
    """Measure and print.

    Parameters
    ----------
    count : int
        Accepted positives of each class, of the frozen test.
    work : path
        Folder for the stamps, which take long to draw.
    weights : path or None
        Other weights than those that ship.
    """
    console = Console(highlight=False, soft_wrap=True)
    with Console(stderr=True).status("Drawing and judging stamps"):
        found = measure(load(weights), THRESHOLDS, Judges(), work, count, lambda: None)
    console.print("frozen mix, simulated: streaks, lenses and mergers 1:1:1 that their networks accept, and 7 others")
    for name, figures in found.items():
        console.print(f"{name}, threshold {THRESHOLDS[name]:.3e}")
        console.print(f"  missed of what its network accepts: {figures.missed}")
        console.print(f"  purity of what passes: {figures.purity}")
        console.print(f"  share of the mix that passes: {figures.passed}")
        console.print(f"  share of ordinary alerts that passes: {figures.ordinary}")
