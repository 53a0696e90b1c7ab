"""Trains a streak network, with a progress bar, and writes its weights."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

if TYPE_CHECKING:
    from pathlib import Path

    from models.train.streak import Schedule


def train_streak(outputs: int, output: Path, work: Path, schedule: Schedule) -> None:
    """Train, save, and tell the threshold that goes with the weights.

    Parameters
    ----------
    outputs : int
        1 for the score alone (KiDS), 5 with the end points (Euclid), which is what ships.
    output : path
        Of the weights.
    work : path
        Folder for checkpoints; a run that was broken off goes on from there.
    schedule : Schedule
    """
    from models import student
    from models.streak_detector import load
    from models.train.streak import calibrate, train

    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console) as bar:
        training = bar.add_task("Training", total=schedule.epochs)

        def show(epoch: int, loss: float, unseen: float) -> None:
            bar.update(training, completed=epoch, description=f"Training, loss {loss:.3f}, on new stamps {unseen:.3f}")

        student.save(train(outputs, schedule, work, show), output)
    if outputs == 5:
        console.print(f"Threshold at one in a hundred impostors: {calibrate(load(output, None)):.4f}")
