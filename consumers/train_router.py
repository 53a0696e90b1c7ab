"""Trains the router behind the class networks that ship, with progress bars, and writes its weights."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

if TYPE_CHECKING:
    from pathlib import Path

    from models.train.router import Schedule


def train_router(output: Path, work: Path, schedule: Schedule, calibration: int) -> None:
    """Train, save, and tell the thresholds that go with the weights.

    Parameters
    ----------
    output : path
        Of the weights.
    work : path
        Folder for shards and checkpoints; a run that was broken off goes on from there.
    schedule : Schedule
    calibration : int
        Accepted positives that each threshold is set on.
    """
    from models import student
    from models.router import load
    from models.router_network import CLASSES
    from models.train.router import calibrate, gather, shards, train
    from models.train.router_judges import Judges

    console = Console(stderr=True)
    judges = Judges()
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console) as bar:
        drawing = bar.add_task("Stamps", total=shards())
        taught = gather(work / "shards", judges, schedule.missed, lambda: bar.advance(drawing))
        training = bar.add_task("Training", total=schedule.epochs)

        def show(epoch: int, loss: float) -> None:
            bar.update(training, completed=epoch, description=f"Training, loss {loss:.3f}")

        student.save(train(taught, schedule, work / "checkpoints", show), output)
        tasks = {name: bar.add_task(f"Calibrating, {name}", total=calibration) for name in CLASSES}

        def drawn(name: str, accepted: int) -> None:
            bar.update(tasks[name], completed=accepted)

        found = calibrate(load(output), judges, work / "shards", calibration, drawn)
    for name, (threshold, count) in found.items():
        console.print(f"Threshold, {name}: {threshold:.3e}, least of {count} accepted positives")
