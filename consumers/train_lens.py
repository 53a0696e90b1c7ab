"""Trains an ensemble of lens networks, with progress bars, and writes its weights."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.console import Console

from consumers.progress import training_bars

if TYPE_CHECKING:
    from pathlib import Path

    from rich.progress import TaskID

    from models.train.lens import Schedule


def train_lens(form: str, output: Path, work: Path, schedule: Schedule) -> None:
    """Draw the training set, train every member, save, and print the threshold that goes with them.

    Parameters
    ----------
    form : str
        Key of `lens_network.FORMS`.
    output : path
        Of the weights: form and member are put before its ending.
    work : path
        Folder for the training set and checkpoints; a run that was broken off goes on from there.
    schedule : Schedule
    """
    from models import student
    from models.lens_finder import load
    from models.lens_network import FORMS
    from models.train.lens import calibrate, draw_training_set, train

    console = Console(stderr=True)
    members = [
        output.with_name(f"{output.stem}-{form}-{member}{output.suffix}") for member in range(FORMS[form].members)
    ]
    with training_bars(console) as bar:
        drawing = bar.add_task("Training set", total=schedule.shards + 1)
        draw_training_set(form, schedule, work, lambda: bar.advance(drawing))
        for member, file in enumerate(members):
            training = bar.add_task(f"Member {member}", total=schedule.epochs + schedule.settling)

            def show(epoch: int, loss: float, unseen: float, member: int = member, task: TaskID = training) -> None:
                text = f"Member {member}, loss {loss:.3f}, on new stamps {unseen:.3f}"
                bar.update(task, completed=epoch, description=text)

            student.save(train(form, member, schedule, work, show), file)
    console.print(f"Threshold at one in a hundred impostors: {calibrate(load(form, members)):.4f}")
