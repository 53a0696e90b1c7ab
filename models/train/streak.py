"""Teaches a streak network on drawn stamps, new ones in every epoch."""

from __future__ import annotations

from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from multiprocessing import get_context
from typing import TYPE_CHECKING

import numpy as np

from models import looks, streak_network
from models.simulate.streaks.frozen import calibration_stamps
from models.simulate.streaks.population import TEST, TRAINING, Population, faint
from models.simulate.streaks.stamps import draw_stamps
from models.train.loop import adamw, epochs_left, gradient_step, made_ahead, rising_and_falling
from models.train.running_mean import follow

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from numpy.typing import NDArray
    from tensorflow import Tensor
    from tf_keras import Model
    from tf_keras.optimizers import Optimizer

    from models.streak_detector import StreakDetector

#: Weight of the end points beside the probability.
ENDS = 5.0
#: Numbers of the validation stamps: no training reaches them.
_VALIDATION = 900_000_000
#: Numbers of those that normalise a network that goes on from other weights.
_START, _NORMALISING = 910_000_000, 1024
_AHEAD = 3
#: Impostors that the threshold is set on.
CALIBRATION = 20_000
#: How a survey tells its PSF's width: shares of the stamps, and errors of the logarithm; NaN: not at all.
_TOLD = ((0.45, 0.1), (0.25, 0.3), (0.3, np.nan))
#: Every so many shards one is of faint trails.
_FAINT = 4
#: The mean of the weights, which ships, follows them every so many batches; part of it that then stays.
_FOLLOWED, _KEPT = 4, 0.98

Shard = tuple["NDArray[np.float16]", "NDArray[np.float32]"]


@dataclass(frozen=True, slots=True)
class Schedule:
    """How long and how fast.

    Attributes
    ----------
    epochs : int
        After each there is a checkpoint and a validation.
    shards, shard : int
        Parts of an epoch, and stamps of each.
    passes : int
        Times that a shard is seen, mirrored and turned anew.
    batch : int
        Stamps.
    rate, decay : float
        Largest learning rate, falling as a cosine; decay of the weights, decoupled (AdamW).
    patience : int
        Epochs without a better validation loss before it stops early.
    processes : int
        That draw stamps.
    seed : int
        Of the first weights and of the order.
    """

    epochs: int = 60
    shards: int = 6
    shard: int = 4096
    passes: int = 2
    batch: int = 256
    rate: float = 2e-3
    decay: float = 1e-3
    patience: int = 15
    processes: int = 2
    seed: int = 20120


def train(
    outputs: int,
    schedule: Schedule,
    checkpoints: Path,
    progress: Callable[[int, float, float], None],
    population: Population = TRAINING,
    start: Model | None = None,
) -> Model:
    r"""Train a network.

    .. math::

        L = \mathrm{BCE}(p, y) + 5\, y \min\left(|(A, B) - (\hat A, \hat B)|^2, |(B, A) - (\hat A, \hat B)|^2\right)

    with the ends A and B in units of the window: a streak has no direction, so the order that fits better counts.

    Parameters
    ----------
    outputs : int
        1 or 5; with one the second term falls away.
    schedule : Schedule
    checkpoints : path
        Folder; a call that was broken off goes on from the last epoch there.
    progress : callable
        Told each epoch's number, its loss, and that of the validation.
    population : Population
        Of which stamps are drawn.
    start : tf_keras.Model, optional
        As of ``streak_network.build(outputs)``, to go on from; by default from nothing.

    Returns
    -------
    tf_keras.Model
        Folded; the running mean of the weights, in the epoch with the best validation loss.
    """
    import tensorflow as tf
    import tf_keras

    tf_keras.utils.set_random_seed(schedule.seed)
    model, mean, best = (streak_network.build(outputs, normalised=True) for _ in range(3))
    unseen = draw_shard(_VALIDATION, schedule.shard, population)
    if start is not None:
        first = streak_network.unfold(start, draw_shard(_START, _NORMALISING, population)[0].astype(np.float32))
        model.set_weights(first.get_weights())
    for one in (mean, best):
        one.set_weights(model.get_weights())
    steps = schedule.shards * schedule.passes * (schedule.shard // schedule.batch)
    rate = rising_and_falling(schedule.rate, steps, steps * (schedule.epochs - 1))
    optimiser = adamw(model, rate, schedule.decay)
    step = training_step(model, optimiser)
    lowest, since = tf.Variable(np.inf), tf.Variable(0)
    kept = {"model": model, "mean": mean, "best": best, "optimiser": optimiser, "lowest": lowest, "since": since}
    left = epochs_left(checkpoints, schedule.epochs, **kept)
    with ProcessPoolExecutor(schedule.processes, get_context("spawn")) as pool:
        for number in left:
            if int(since) >= schedule.patience:
                break
            losses = []
            for done, batch in enumerate(_batches(pool, schedule, number, population)):
                losses.append(float(step(*batch)))
                if done % _FOLLOWED == 0:
                    follow(mean, model, _KEPT)
            found = np.concatenate([mean(unseen[0][part], training=False) for part in _parts(schedule)])
            loss = float(streak_loss(tf.constant(found), tf.constant(unseen[1])))
            since.assign_add(1)
            if loss < float(lowest):
                lowest.assign(loss)
                since.assign(0)
                best.set_weights(mean.get_weights())
            progress(number + 1, float(np.mean(losses)), loss)
    return streak_network.fold(best)


def training_step(model: Model, optimiser: Optimizer) -> Callable[[Tensor, Tensor], Tensor]:
    """Return what changes a network's weights by one batch of images and truth, and tells its loss."""
    import tensorflow as tf

    return gradient_step(
        model,
        optimiser,
        lambda images, truth: streak_loss(model(tf.cast(images, tf.float32), training=True), truth),
    )


def streak_loss(found: Tensor, truth: Tensor) -> Tensor:
    """Mean loss of a batch; `found` (n, 1 or 5), `truth` (n, 5): 0 or 1, and ends in half windows from the middle."""
    import tensorflow as tf

    label = truth[:, 0]
    loss = tf.reduce_mean(tf.nn.sigmoid_cross_entropy_with_logits(label, found[:, 0]))
    if found.shape[1] == 1:
        return loss
    ends = truth[:, 1:]
    orders = (ends, tf.roll(ends, 2, axis=1))
    squares = [tf.reduce_sum(tf.square((found[:, 1:] - order) / 2.0), axis=1) for order in orders]
    return loss + ENDS * tf.reduce_mean(label * tf.minimum(*squares))


def of_survey(population: Population, survey: str | None) -> Population:
    """Return a population of one survey's stamps alone; of all surveys' for None."""
    return population if survey is None else replace(population, surveys=(survey,))


def calibrate(
    detector: StreakDetector, population: Population = TEST, count: int = CALIBRATION, passing: float = 0.01
) -> float:
    """Score that a share of the calibration's impostors lies above: the threshold to ship with new weights."""
    stamps = calibration_stamps(count, population)
    scores = [one.score for one in detector.look(list(stamps.images), fwhm=stamps.fwhm, polarity=stamps.told)]
    return float(np.quantile(scores, 1.0 - passing, method="higher"))


def draw_shard(first: int, count: int, population: Population = TRAINING) -> Shard:
    """Draw stamps, as the network sees them, with what it is to say of them.

    Dark streaks count as none: they are found in the negative image. The PSF's width is told with an error, or not.
    """
    drawn = draw_stamps(population, count, first)
    truth = np.zeros((count, 5), np.float32)
    bright = drawn.streak & (drawn.polarity > 0)
    truth[bright, 0] = 1.0
    truth[bright, 1:] = (drawn.ends[bright] - (streak_network.SIDE - 1) / 2) / (streak_network.SIDE / 2)
    rng = np.random.default_rng([population.seed, first, 1])
    shares, errors = zip(*_TOLD, strict=True)
    told = drawn.fwhm * np.exp(rng.choice(errors, count, p=shares) * rng.standard_normal(count))
    return streak_network.prepare(list(drawn.images), told).astype(np.float16), truth


def turned(shard: Shard, turn: int) -> Shard:
    """Mirror and turn stamps and ends alike; `turn` 0 to 7."""
    images, truth = shard
    truth = truth.copy()
    if turn & 1:
        truth[:, 2::2] *= -1
    if turn & 2:
        truth[:, 1::2] *= -1
    if turn & 4:
        truth = truth[:, [0, 2, 1, 4, 3]]
    return looks.turned(images, turn), truth


def _parts(schedule: Schedule) -> list[slice]:
    return [slice(start, start + schedule.batch) for start in range(0, schedule.shard, schedule.batch)]


def _batches(pool: ProcessPoolExecutor, schedule: Schedule, epoch: int, population: Population) -> Iterator[Shard]:
    """Give an epoch's batches while the next shards are drawn."""
    rng = np.random.default_rng([schedule.seed, epoch])
    numbers = range(epoch * schedule.shards, (epoch + 1) * schedule.shards)
    worlds = (*(_FAINT - 1) * (population,), faint(population))
    drawn = ((number * schedule.shard, schedule.shard, worlds[number % _FAINT]) for number in numbers)
    for shard in made_ahead(pool, draw_shard, drawn, _AHEAD):
        yield from _passes(shard, schedule, rng)


def _passes(shard: Shard, schedule: Schedule, rng: np.random.Generator) -> Iterator[Shard]:
    for turn in rng.permutation(8)[: schedule.passes]:
        images, truth = turned(shard, int(turn))
        order = rng.permutation(schedule.shard)
        for part in _parts(schedule):
            yield images[order[part]], truth[order[part]]
