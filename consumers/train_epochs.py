"""Trains the epoch network; hands the broker's own sky frame and comparison to `models`, which may not import them."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from broker.comparison import COMPARISON_MANIFEST
from broker.examiner import comparison_input
from broker.frame import FRAME_MANIFEST
from broker.sky_framed import prepare
from consumers.progress import training_bars
from consumers.train_backbone import stamp_pair

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from models.train.epoch_pairs import DrawnEpoch

#: Side of the network's input [px]; `models.epoch_network` loads TensorFlow only where it is used.
SIDE = 64


@dataclass(frozen=True, slots=True)
class Plan:
    """How much to train.

    Attributes
    ----------
    shards : int
        Of some 1,900 simulated epochs each.
    passes : int
        Times that each is seen.
    seed : int
        Of the simulation.
    processes : int
        That draw.
    """

    shards: int = 48
    passes: int = 14
    seed: int = 1
    processes: int = 2


def train_epochs(output: Path, work: Path, plan: Plan) -> None:
    """Draw epochs, train the network on them, and write its weights.

    Parameters
    ----------
    output : path
        Of the weights.
    work : path
        Folder for shards and checkpoints; a run that was broken off goes on from there.
    plan : Plan
    """
    from models import student
    from models.train.epoch_set import make_epoch_set
    from models.train.epochs import Schedule, train_epoch_network

    with training_bars() as bar:
        drawing = bar.add_task("Epochs and their references", total=plan.shards)
        data = make_epoch_set(
            work, range(plan.shards), BrokerComparison(), plan.seed, lambda: bar.advance(drawing), plan.processes
        )
        training = bar.add_task("Training", total=plan.passes)

        def show(number: int, loss: float) -> None:
            bar.update(training, completed=number, description=f"Training, loss {loss:.3f}")

        model = train_epoch_network(data, Schedule(passes=plan.passes), work / "checkpoints", show)
        student.save(model, output)


class BrokerComparison:
    """The chain that every packet goes through, for drawn epochs."""

    @property
    def digest(self) -> str:
        """Hash the chain's constants and versions: shards of another chain are not taken up again."""
        chain = json.dumps([FRAME_MANIFEST, COMPARISON_MANIFEST], sort_keys=True)
        return hashlib.sha256(chain.encode()).hexdigest()

    def planes(self, epochs: Sequence[DrawnEpoch]) -> list[NDArray[np.float32] | None]:
        """Compare epochs with their references: (side, side, planes), None where either is unreadable."""
        prepared = prepare([replace(stamp_pair(epoch.pair), seeing=epoch.seeing) for epoch in epochs])
        return [None if one.planes is None else comparison_input([one.planes], SIDE)[0] for one in prepared]
