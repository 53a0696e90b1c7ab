"""Trains the router behind the class networks that ship, with progress bars; writes weights and thresholds."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.console import Console

from consumers.progress import training_bars

if TYPE_CHECKING:
    from pathlib import Path

    from models.router_calibration import Threshold
    from models.train.router import Schedule


def train_router(output: Path, work: Path, schedule: Schedule, calibration: int) -> None:
    """Train, save, and set the thresholds that go with the weights.

    Parameters
    ----------
    output : path
        Of the weights; the thresholds' file has the same name and ends in ``.json``.
    work : path
        Folder for shards and checkpoints; a run that was broken off goes on from there.
    schedule : Schedule
    calibration : int
        Accepted positives that each threshold is set on.
    """
    from models import student
    from models.train.router import gather, shards, train
    from models.train.router_judges import Judges

    with training_bars() as bar:
        drawing = bar.add_task("Stamps", total=shards())
        judges = Judges(work / "verdicts")
        taught = gather(work / "shards", judges, schedule.ordinary, lambda: bar.advance(drawing))
        training = bar.add_task("Training", total=len(taught) * schedule.epochs)

        def show(epoch: int, loss: float) -> None:
            bar.update(training, completed=epoch, description=f"Training, loss {loss:.3f}")

        student.save(train(taught, schedule, work / "checkpoints", show), output)
    calibrate_router(output, work, calibration)


def calibrate_router(weights: Path, work: Path, count: int) -> None:
    """Set thresholds for the class networks that ship, where those beside the weights are of others or on fewer.

    Parameters
    ----------
    weights, work
        As `train_router` has them; verdicts of networks that did not change are taken from there.
    count : int
        Accepted positives that each threshold is set on.
    """
    from models.router import load
    from models.router_calibration import Calibration, digest
    from models.router_network import CLASSES
    from models.train.router_calibration import calibrate
    from models.train.router_judges import Judges

    file, console = weights.with_suffix(".json"), Console(stderr=True)
    kept = _kept(file, digest(weights), count)
    with training_bars(console) as bar:
        tasks = {name: bar.add_task(f"Calibrating, {name}", total=count) for name in CLASSES if name not in kept}

        def drawn(name: str, accepted: int) -> None:
            bar.update(tasks[name], completed=accepted)

        router, judges = load(weights), Judges(work / "verdicts")
        found = {name: calibrate(name, router, judges, work / "shards", count, drawn) for name in tasks}
    thresholds = {name: (kept | found)[name] for name in CLASSES}
    Calibration(digest(weights), thresholds).save(file)
    for name, one in thresholds.items():
        how = "as before" if name in kept else f"missed at most {one.missed_at_most:.1e}"
        console.print(f"Threshold, {name}: {one.score:.3e}, least of {one.accepted} accepted positives; {how}")


def _kept(file: Path, weights: str, count: int) -> dict[str, Threshold]:
    """Read those thresholds of a file that hold still."""
    from models.router_calibration import read
    from schemas.errors import BackboneError

    try:
        calibration = read(weights, file)
    except BackboneError:  # none yet, or of the weights before these
        return {}
    return {
        name: one
        for name, one in calibration.thresholds.items()
        if name in calibration.valid() and one.accepted >= count
    }
