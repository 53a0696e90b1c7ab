"""Trains the merger network, or a head on another network's features, with a progress bar."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.console import Console

from consumers.progress import training_bars

if TYPE_CHECKING:
    from pathlib import Path

    from models.train.merger import Schedule


def train_merger(output: Path, work: Path, schedule: Schedule, start: Path | None = None) -> None:
    """Train the network that ships, save it, and tell the threshold that goes with the weights.

    Parameters
    ----------
    output : path
        Of the weights.
    work : path
        Folder for shards and checkpoints; a run that was broken off goes on from there.
    schedule : Schedule
    start : path, optional
        Weights to go on from.
    """
    from models import merger_network, student
    from models.merger_finder import WEIGHTS, load
    from models.train.merger import calibrate, train

    first = WEIGHTS.load_into(merger_network.build, start) if start is not None else None
    console = Console(stderr=True)
    with training_bars(console) as bar:
        drawing = bar.add_task("Drawing stamps", total=schedule.shards)
        training = bar.add_task("Training", total=schedule.epochs)

        def drawn(shards: int) -> None:
            bar.update(drawing, completed=shards)

        def show(epoch: int, loss: float, unseen: float) -> None:
            bar.update(training, completed=epoch, description=f"Training, loss {loss:.3f}, on new stamps {unseen:.3f}")

        student.save(train(schedule, work, drawn, show, first), output)
    console.print(f"Threshold of fewest errors: {calibrate(load(output)):.4f}")


def compare_features(features: str, network: Path | None, work: Path, schedule: Schedule) -> None:
    """Train a head on another network's features, and tell how good it is beside the merger network.

    Parameters
    ----------
    features : {"backbone", "vgg19"}
    network : path or None
        Weights of the merger network; by default those that ship.
    work : path
        Folder for shards, as of `train_merger`.
    schedule : Schedule
        Of which the shards count.
    """
    from models.merger_finder import load
    from models.train.merger import validation
    from models.train.merger_transfer import backbone_features, figures_of, train_head, vgg19_features

    console = Console(highlight=False)
    ready = {"backbone": backbone_features, "vgg19": vgg19_features}[features]()
    with training_bars() as bar:
        drawing = bar.add_task("Drawing stamps", total=schedule.shards)
        head = train_head(ready, schedule, work, lambda shards: bar.update(drawing, completed=shards))
    windows, truth = validation(work, schedule)
    own = figures_of(load(network).odds(windows), truth)
    for name, (loss, accuracy) in ((f"head on {features}", head), ("merger network", own)):
        console.print(f"{name:16s}  loss {loss:.3f}  accuracy {accuracy:.3f}  on {len(truth)} validation stamps")
