"""Trains the epoch network: fault or merely different."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from models import epoch_network

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
    rate = tf_keras.optimizers.schedules.CosineDecay(
        initial_learning_rate=schedule.rate / 20,
        decay_steps=batches * max(schedule.passes - 1, 1),
        warmup_target=schedule.rate,
        warmup_steps=batches,
    )
    optimiser = tf_keras.optimizers.AdamW(rate, weight_decay=schedule.decay, global_clipnorm=1.0)
    optimiser.exclude_from_weight_decay(var_names=["bias", "gamma", "beta"])
    optimiser.build(model.trainable_variables)

    def one_step(planes: Tensor, faulty: Tensor) -> Tensor:
        with tf.GradientTape() as tape:
            log_odds = model(tf.cast(planes, tf.float32), training=True)[:, 0]
            loss = tf.reduce_mean(tf.nn.sigmoid_cross_entropy_with_logits(tf.cast(faulty, tf.float32), log_odds))
        gradients = tape.gradient(loss, model.trainable_variables)
        optimiser.apply_gradients(zip(gradients, model.trainable_variables, strict=True))
        return loss

    step = tf.function(one_step)
    done = tf.Variable(0)
    saved = tf.train.CheckpointManager(
        tf.train.Checkpoint(model=model, optimiser=optimiser, done=done), str(checkpoints), max_to_keep=1
    )
    saved.restore_or_initialize()
    for number in range(int(done), schedule.passes):
        losses = [step(*batch) for batch in _batches(data, schedule, number)]
        done.assign_add(1)
        saved.save()
        progress(number + 1, float(np.mean([float(loss) for loss in losses])))
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

    with ThreadPoolExecutor(1) as ahead:
        waiting = ahead.submit(gather, whole[0], int(ways[0]))
        for batch, way in zip(whole[1:], ways[1:], strict=True):
            ready, waiting = waiting, ahead.submit(gather, batch, int(way))
            yield ready.result()
        yield waiting.result()
