"""Trains a streak network, with a progress bar, and writes its weights."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.console import Console

from consumers.progress import training_bars

if TYPE_CHECKING:
    from pathlib import Path

    from models.train.streak import Schedule


def train_streak(
    outputs: int,
    output: Path,
    work: Path,
    schedule: Schedule,
    start: Path | None = None,
    survey: str | None = None,
) -> None:
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
    start : path, optional
        Weights to go on from, as of another survey; by default the network starts from nothing.
    survey : str, optional
        Key of `models.simulate.profiles.PROFILES` whose stamps alone are drawn.
    """
    from models import streak_network, student
    from models.simulate.streaks.population import TEST, TRAINING
    from models.streak_detector import WEIGHTS, load
    from models.train.streak import calibrate, of_survey, train

    console = Console(stderr=True)
    with training_bars(console) as bar:
        training = bar.add_task("Training", total=schedule.epochs)

        def show(epoch: int, loss: float, unseen: float) -> None:
            bar.update(training, completed=epoch, description=f"Training, loss {loss:.3f}, on new stamps {unseen:.3f}")

        begun = WEIGHTS.load_into(lambda: streak_network.build(outputs), start) if start is not None else None
        student.save(train(outputs, schedule, work, show, of_survey(TRAINING, survey), begun), output)
    if outputs == 5:
        threshold = calibrate(load(output), of_survey(TEST, survey))
        console.print(f"Threshold at one in a hundred impostors: {threshold:.4f}")
