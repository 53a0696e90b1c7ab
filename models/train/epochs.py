"""Trains the epoch network: fault or merely different."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from models import epoch_network
from models.train.loop import adamw, epochs_left, gradient_step, made_ahead, rising_and_falling

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from numpy.typing import NDArray
    from tensorflow import Tensor
    from tf_keras import Model

    from models.train.epoch_set import EpochSet


@dataclass(frozen=True, slots=True)
class Schedule:
    """How long and how fast.

    Attributes
    ----------
    passes : int
        Times that every epoch is seen, each time in one of its eight orientations.
    batch : int
    rate : float
        Largest learning rate; it rises over the first pass and falls as a cosine.
    decay : float
        Of the weights, decoupled (AdamW).
    seed : int
        Of the first weights and of the order.
    """

    passes: int = 14
    batch: int = 256
    rate: float = 4e-3
    decay: float = 1e-3
    seed: int = 20120


def train_epoch_network(
    data: EpochSet, schedule: Schedule, checkpoints: Path, progress: Callable[[int, float], None]
) -> Model:
    """Train by cross-entropy.

    Parameters
    ----------
    data : EpochSet
    schedule : Schedule
    checkpoints : path
        Folder; a call that was broken off goes on from the last pass there.
    progress : callable
        Told each pass's number and mean loss.

    Returns
    -------
    tf_keras.Model
        Folded, as of `models.epoch_network.build`.
    """
    import tensorflow as tf
    import tf_keras

    tf_keras.utils.set_random_seed(schedule.seed)
    batches = len(data.planes) // schedule.batch
    model = epoch_network.build(normalised=True)
    rate = rising_and_falling(schedule.rate, batches, batches * (schedule.passes - 1))
    optimiser = adamw(model, rate, schedule.decay)

    def loss_of(planes: Tensor, faulty: Tensor) -> Tensor:
        log_odds = model(tf.cast(planes, tf.float32), training=True)[:, 0]
        return tf.reduce_mean(tf.nn.sigmoid_cross_entropy_with_logits(tf.cast(faulty, tf.float32), log_odds))

    step = gradient_step(model, optimiser, loss_of)
    for number in epochs_left(checkpoints, schedule.passes, "done", model=model, optimiser=optimiser):
        losses = [float(step(*batch)) for batch in _batches(data, schedule, number)]
        progress(number + 1, float(np.mean(losses)))
    return epoch_network.fold(model)


def _batches(
    data: EpochSet, schedule: Schedule, number: int
) -> Iterator[tuple[NDArray[np.float16], NDArray[np.bool_]]]:
    """Gather a pass's batches, each turned and mirrored its own way, each while the one before is worked on."""
    random = np.random.default_rng([schedule.seed, number])
    order = random.permutation(len(data.planes))
    whole = order[: len(order) // schedule.batch * schedule.batch].reshape(-1, schedule.batch)
    ways = random.integers(8, size=len(whole))
    faulty = data.faulty

    def gather(batch: NDArray[np.intp], way: int) -> tuple[NDArray[np.float16], NDArray[np.bool_]]:
        planes = np.rot90(data.planes[batch], way % 4, axes=(1, 2))
        return np.ascontiguousarray(planes[:, :, ::-1] if way >= 4 else planes), faulty[batch]

    with ThreadPoolExecutor(1) as pool:
        yield from made_ahead(pool, gather, zip(whole, map(int, ways), strict=True), 1)
