"""Teaches the merger network on drawn stamps, with new noise and another look in every epoch."""

from __future__ import annotations

from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from typing import TYPE_CHECKING

import numpy as np

from models import merger_network
from models.simulate.mergers.frozen import calibration_stamps
from models.train.loop import adamw, epochs_left, gradient_step, made_ahead, rising_and_falling
from models.train.merger_set import Windows, draw_set, seen_anew

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from numpy.typing import NDArray
    from tensorflow import Tensor
    from tf_keras import Model

    from models.merger_finder import MergerFinder

#: Looks of the validation are those of this seed: no epoch has it.
_UNSEEN = 900_000_000
_AHEAD = 3
#: Steps in which the rate rises.
_WARM_UP = 200
#: Stamps that a network to go on from takes its normalisation from.
_NORMALISING = 512
#: Stamps that the threshold is set on.
CALIBRATION = 4_000


@dataclass(frozen=True, slots=True)
class Schedule:
    """How long and how fast.

    Attributes
    ----------
    shards, shard : int
        Parts of the training set, the last two for validation alone; stamps of each, a multiple of 128.
    epochs : int
        After each there is a checkpoint and a validation.
    passes : int
        Times that a look at a shard is seen, mirrored and turned anew.
    batch : int
        Stamps.
    rate, decay : float
        Largest learning rate, falling as a cosine; decay of the weights, decoupled (AdamW).
    memory : int
        Steps over which the weights that are kept are averaged, with exponential weights (Polyak & Juditsky 1992).
    processes : int
        That draw stamps.
    seed : int
        Of the first weights and of the order.
    """

    shards: int = 60
    shard: int = 1024
    epochs: int = 18
    passes: int = 2
    batch: int = 128
    rate: float = 2e-3
    decay: float = 2e-3
    memory: int = 1000
    processes: int = 2
    seed: int = 87


def train(
    schedule: Schedule,
    work: Path,
    drawn: Callable[[int], None],
    progress: Callable[[int, float, float], None],
    start: Model | None = None,
) -> Model:
    """Train the network by binary cross-entropy.

    Parameters
    ----------
    schedule : Schedule
    work : path
        Folder for shards and checkpoints; a call that was broken off goes on from the last epoch there.
    drawn : callable
        Told how many shards there are.
    progress : callable
        Told each epoch's number, its loss, and that of the validation.
    start : tf_keras.Model, optional
        As of ``merger_network.build()``, to go on from; by default from nothing.

    Returns
    -------
    tf_keras.Model
        Folded: the average of the last steps.
    """
    import tensorflow as tf
    import tf_keras

    draw_set(work, schedule.shards, schedule.shard, schedule.processes, drawn)
    tf_keras.utils.set_random_seed(schedule.seed)
    model, mean = (merger_network.build(normalised=True) for _ in range(2))
    unseen = validation(work, schedule)
    if start is not None:
        model.set_weights(merger_network.unfold(start, unseen[0][:_NORMALISING]).get_weights())
    steps = schedule.passes * (schedule.shards - 2) * (schedule.shard // schedule.batch)
    rate = rising_and_falling(schedule.rate, _WARM_UP, steps * schedule.epochs - _WARM_UP)
    optimiser = adamw(model, rate, schedule.decay)
    down = gradient_step(
        model,
        optimiser,
        lambda images, labels: loss_of(model(tf.cast(images, tf.float32), training=True)[:, 0], labels),
    )

    def one_step(images: Tensor, labels: Tensor) -> Tensor:
        loss = down(images, labels)
        # The average forgets its beginnings: over the first steps it is a plain mean.
        newest = 1.0 / tf.minimum(tf.cast(optimiser.iterations, tf.float32), float(schedule.memory))
        for kept, weight in zip(mean.weights, model.weights, strict=True):
            kept.assign_add(newest * (weight - kept))
        return loss

    step = tf.function(one_step)
    left = epochs_left(work / "checkpoints", schedule.epochs, model=model, mean=mean, optimiser=optimiser)
    with ProcessPoolExecutor(schedule.processes, get_context("spawn")) as pool:
        for number in left:
            losses = [float(step(*batch)) for batch in _batches(pool, work, schedule, number)]
            found = np.concatenate([mean(part, training=False)[:, 0] for part in np.array_split(unseen[0], 16)])
            loss = float(loss_of(tf.constant(found), tf.constant(unseen[1])))
            progress(number + 1, float(np.mean(losses)), loss)
    return merger_network.fold(mean)


def loss_of(odds: Tensor, labels: Tensor) -> Tensor:
    """Mean binary cross-entropy of log odds (n,) against 0 or 1 (n,)."""
    import tensorflow as tf

    return tf.reduce_mean(tf.nn.sigmoid_cross_entropy_with_logits(labels, odds))


def calibrate(finder: MergerFinder, count: int = CALIBRATION) -> float:
    """Score at which most of the calibration's stamps are told rightly: the threshold to ship with new weights."""
    stamps, images = calibration_stamps(count)
    return best_threshold(np.array(finder.look(list(images))), stamps.merger)


def best_threshold(scores: NDArray[np.float64], merger: NDArray[np.bool_]) -> float:
    """Score above which lie the mergers with the fewest errors."""
    order = np.argsort(scores)
    below = np.concatenate([[0], np.cumsum(np.where(merger[order], -1, 1))])
    place = int(below.argmax())
    edges = np.concatenate([[0.0], scores[order], [1.0]])
    return float(0.5 * (edges[place] + edges[place + 1]))


def validation(work: Path, schedule: Schedule) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return the windows and labels of the validation stamps."""
    looks = [seen_anew(work, schedule.shards - one, _UNSEEN) for one in (1, 2)]
    images, labels = (np.concatenate(part) for part in zip(*looks, strict=True))
    return images.astype(np.float32), labels


def _batches(pool: ProcessPoolExecutor, work: Path, schedule: Schedule, epoch: int) -> Iterator[Windows]:
    """Give an epoch's batches while the next shards are looked at."""
    rng = np.random.default_rng([schedule.seed, epoch])
    looks = ((work, int(number), epoch) for number in rng.permutation(schedule.shards - 2))
    for shard in made_ahead(pool, seen_anew, looks, _AHEAD):
        yield from _passes(shard, schedule, rng)


def _passes(shard: Windows, schedule: Schedule, rng: np.random.Generator) -> Iterator[Windows]:
    from models.looks import turned

    images, labels = shard
    for _ in range(schedule.passes):
        order = rng.permutation(len(labels))
        for start in range(0, len(labels), schedule.batch):
            part = order[start : start + schedule.batch]
            yield np.ascontiguousarray(turned(images[part], int(rng.integers(8)))), labels[part]
