"""What the epoch network learns from: comparisons of drawn epochs with their references, and which have a fault."""

from __future__ import annotations

from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from multiprocessing import get_context
from typing import TYPE_CHECKING, Protocol

import numpy as np

from models.simulate.worlds.alert_selected import alert_selected
from models.simulate.worlds.monitoring import monitoring
from models.train.epoch_pairs import DrawnEpoch, draw_epoch
from models.train.stamps import DrawnPair

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

EPOCHS_A_SHARD = 1000

#: Objects of the simulated worlds in a shard, with some four epochs each; half of these are faulty.
MONITORED, ALERTED = 50, 200
EPOCHS, FAULTY = (2, 6), 0.5

#: The worlds are benchmarks as well: a training's objects have seeds of a range of their own.
FIRST_WORLD_SEED = 10**9


class Comparison(Protocol):
    """How drawn epochs become the network's input: the broker's own chain, handed in as `models` imports no broker."""

    @property
    def digest(self) -> str:
        """Hash of the chain's constants and versions."""

    def planes(self, epochs: Sequence[DrawnEpoch]) -> list[NDArray[np.float32] | None]:
        """Compare with the references: (side, side, planes) at the network's side, None where unreadable."""


@dataclass(frozen=True, slots=True, eq=False)
class EpochSet:
    """Comparisons and the truth; ambiguous epochs are left out.

    Attributes
    ----------
    planes : float16 array (n, side, side, planes)
    kind : str array (n,)
        Empty for good images.
    """

    planes: NDArray[np.float16]
    kind: NDArray[np.str_]

    @property
    def faulty(self) -> NDArray[np.bool_]:
        """Which have a fault (n,)."""
        return np.asarray(self.kind != "")


def make_epoch_set(
    folder: Path, shards: range, comparison: Comparison, seed: int, progress: Callable[[], None], processes: int = 2
) -> EpochSet:
    """Draw a set shard by shard; what an earlier call finished is read from its folder.

    Parameters
    ----------
    folder : path
    shards : range
        Each has its own random numbers.
    comparison : Comparison
        Picklable.
    seed : int
    progress : callable
        Called after each shard.
    processes : int
        That draw.
    """
    folder.mkdir(parents=True, exist_ok=True)
    files = [folder / f"epochs-{comparison.digest[:12]}-{seed}-{shard:04d}.npz" for shard in shards]
    draw = partial(_draw, comparison=comparison, seed=seed)
    with ProcessPoolExecutor(processes, get_context("spawn")) as pool:
        for _ in pool.map(draw, shards, files):
            progress()
    parts = []
    for file in files:
        with np.load(file, allow_pickle=False) as stored:
            parts.append([stored[name] for name in ("planes", "kind")])
    return EpochSet(*(np.concatenate([part[which] for part in parts]) for which in range(2)))


def _from_worlds(seed: int) -> list[DrawnEpoch]:
    """Draw epochs of the simulated worlds."""
    observed = [*monitoring(MONITORED, seed, EPOCHS, FAULTY), *alert_selected(ALERTED, seed, FAULTY)]
    return [
        DrawnEpoch(
            DrawnPair(
                one.format,
                exposure.science[None],
                one.reference[None],
                one.x,
                one.y,
                (1 / one.pixel_scale, 0.0, 0.0, 1 / one.pixel_scale),
            ),
            exposure.fwhm * one.pixel_scale,
            exposure.fault,
            exposure.fault_snr,
            exposure.fault_snr_beyond,
        )
        for one in observed
        for exposure in one.exposures
    ]


def _draw(shard: int, file: Path, *, comparison: Comparison, seed: int) -> None:
    if file.is_file():
        return
    epochs = [draw_epoch(np.random.default_rng([seed, shard, number])) for number in range(EPOCHS_A_SHARD)]
    epochs += _from_worlds(FIRST_WORLD_SEED + 10_000 * seed + shard)
    planes = comparison.planes(epochs)
    whole = [(one, epoch) for one, epoch in zip(planes, epochs, strict=True) if one is not None and not epoch.ambiguous]
    unfinished = file.with_suffix(".part.npz")
    np.savez(
        unfinished,
        planes=np.stack([one for one, _ in whole]).astype(np.float16),
        kind=np.array([epoch.fault or "" for _, epoch in whole], dtype="<U24"),
    )
    unfinished.rename(file)
