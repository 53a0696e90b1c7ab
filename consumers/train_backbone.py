"""Trains `sosia-64`; hands the broker's own sky frame and stretch to `models`, which may not import them."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from broker.cutout import Cutout
from broker.frame import FRAME_MANIFEST
from broker.geometry import Geometry, SkyFrame
from broker.network_input import INPUT_MANIFEST, network_input
from broker.sky_framed import prepare
from broker.stamp_pair import Stamp, StampPair
from broker.stretch import STRETCH_MANIFEST
from consumers.progress import training_bars
from models.train.scenes import FORMATS
from schemas.errors import StampError, StampReason

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from numpy.typing import NDArray

    from models.backbone import Backbone
    from models.train.stamps import DrawnPair

#: Images a forward pass, as many as the worker takes by default.
BATCH = 64

Images = tuple["NDArray[np.float32] | None", "NDArray[np.float32] | None"]


@dataclass(frozen=True, slots=True)
class Plan:
    """How much to train.

    Attributes
    ----------
    shards : int
        Of a thousand simulated packets each.
    epochs : int
        Times that each is seen.
    seed : int
        Of the simulation.
    processes : int
        That draw stamps while the teacher embeds.
    """

    shards: int = 90
    epochs: int = 18
    seed: int = 1
    processes: int = 2


def train_backbone(teacher: Backbone, output: Path, work: Path, plan: Plan) -> None:
    """Draw stamps, let the teacher embed them, teach the student, and write its weights.

    Parameters
    ----------
    teacher : Backbone
        With 1280 features.
    output : path
        Of the weights.
    work : path
        Folder for shards and checkpoints; a run that was broken off goes on from there.
    plan : Plan
    """
    from models import student
    from models.train.distil import Schedule, distil
    from models.train.distillation_set import DistillationSet, make_shards

    with training_bars() as bar:
        drawing = bar.add_task("Stamps and the teacher's features", total=plan.shards)

        def drawn() -> None:
            bar.advance(drawing)

        shards = range(plan.shards)
        parts = make_shards(work, shards, teacher, BrokerPreparation(), plan.seed, drawn, plan.processes)
        data = DistillationSet.joined(list(parts))
        training = bar.add_task("Training", total=plan.epochs)

        def show(epoch: int, loss: float) -> None:
            bar.update(training, completed=epoch, description=f"Training, loss {loss:.3f}")

        schedule = Schedule(epochs=plan.epochs)
        student.save(distil(data, schedule, work / "checkpoints", show), output)


def open_network(name_or_path: str, batch: int = BATCH) -> Backbone:
    """Load a network by its name, or from its weights file."""
    from models.backbone import load_backbone

    path = Path(name_or_path)
    return load_backbone(weights=path, batch=batch) if path.suffix else load_backbone(name_or_path, batch=batch)


class BrokerPreparation:
    """The chain that every packet goes through, for drawn stamps."""

    @property
    def digest(self) -> str:
        """Hash the chain's constants and versions: shards of another frame or stretch are not taken up again."""
        chain = json.dumps([FRAME_MANIFEST, STRETCH_MANIFEST, INPUT_MANIFEST], sort_keys=True)
        return hashlib.sha256(chain.encode()).hexdigest()

    def stretched(self, pairs: Sequence[DrawnPair]) -> list[Images]:
        """Bring pairs to the sky frame and stretch them."""
        return [
            (
                None if isinstance(one.science, StampError) else one.science,
                None if isinstance(one.reference, StampError) else one.reference,
            )
            for one in prepare([stamp_pair(pair) for pair in pairs])
        ]

    def network_input(self, images: Sequence[NDArray[np.float32]], side: int) -> NDArray[np.float32]:
        """Give images a network's side and three channels."""
        return network_input(images, side)


def stamp_pair(pair: DrawnPair) -> StampPair:
    """Put a drawn pair into the form that packets have after decoding."""
    form = FORMATS[pair.format]
    geometry = Geometry(pair.x, pair.y, pair.matrix, north_known=form.rotates)

    def stamp(image: NDArray[np.float32] | None) -> Stamp | StampError:
        if image is None:
            return StampError(StampReason.MISSING, "drawn without")
        return Stamp(Cutout(image, {}), geometry)

    return StampPair(stamp(pair.science), stamp(pair.reference), SkyFrame(form.frame_side, form.frame_scale))
