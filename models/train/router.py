"""Teaches the router to let pass what the class networks accept."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import numpy as np

from models import router_network
from models.looks import turned
from models.router_network import CLASSES, IMAGE_OF
from models.simulate.mix.draw import CLASS_OF, ORDINARY
from models.simulate.mix.frozen import Part
from models.train.loop import adamw, epochs_left, gradient_step, rising_and_falling
from models.train.router_set import SHARD, draw_shard, open_shard

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from numpy.typing import NDArray
    from tensorflow import Tensor
    from tf_keras import Model

    from models.simulate.mix.draw import Drawn

#: Shards of the training by source, half of their stamps positives.
_SHARDS = {"streak": 96, "merger": 40, "lens": 40, "lens in space": 40, ORDINARY[0]: 24, ORDINARY[1]: 24}


#: Log odds that are as good as any beyond them: a class network that is so sure need not be followed closely.
_SURE = 6.0


class Margins(Protocol):
    """A class network's verdicts; `models.train.router_judges` has those of the networks that ship."""

    def __call__(self, source: str, shard: Path) -> NDArray[np.float32]:
        """Tell by how much each stamp (n,) of a source's shard passes its class's network: log odds above 0."""


@dataclass(frozen=True, slots=True)
class Schedule:
    """How long and how fast.

    Attributes
    ----------
    epochs : int
    batch : int
        Stamps.
    rate, decay : float
        Largest learning rate, falling as a cosine; decay of the weights, decoupled (AdamW).
    missed : float
        Weight of what an accepted positive falls short of its network's log odds: by it completeness is bought with
        purity.
    ordinary : float
        Weight of an ordinary alert, of which there are few here and most in the sky.
    seed : int
        Of the first weights and of the order.
    """

    epochs: int = 24
    batch: int = 256
    rate: float = 2e-3
    decay: float = 1e-3
    missed: float = 10.0
    ordinary: float = 4.0
    seed: int = 5


@dataclass(frozen=True, slots=True, eq=False)
class RouterSet:
    """What the router is taught on.

    Attributes
    ----------
    windows : float16 array (n, 64, 64, 1)
    truth : float32 array (n, 3)
        1 for the positives that a class's network accepts.
    margin : float32 array (n, 3)
        By how many log odds a stamp of its own simulator passes the class's network; NaN for all others, of which it is
        only known that they hold none of the class.
    weight : float32 array (n, 3)
        0 where an output is not asked: of the other image.
    """

    windows: NDArray[np.float16]
    truth: NDArray[np.float32]
    margin: NDArray[np.float32]
    weight: NDArray[np.float32]


def gather(work: Path, margins: Margins, ordinary: float, drawn: Callable[[], None]) -> RouterSet:
    """Draw the training set, or take from disk what of it is there.

    Parameters
    ----------
    work : path
        Folder for shards.
    margins : Margins
    ordinary : float
        Weight of an ordinary alert.
    drawn : callable
        Called for each shard.
    """
    parts = []
    for source, count in _SHARDS.items():
        for number in range(count):
            positives = 0.5 if source in CLASS_OF else 0.0
            shard = draw_shard(work, source, Part.TRAINING, number, positives)
            passes = margins(source, shard) if source in CLASS_OF else np.full(SHARD, np.nan, np.float32)
            parts.append(_taught(source, open_shard(shard), passes, ordinary))
            drawn()
    return RouterSet(*(np.concatenate([getattr(one, name) for one in parts]) for name in RouterSet.__slots__))


def shards() -> int:
    """How many shards the training set has."""
    return sum(_SHARDS.values())


def _taught(source: str, shard: Drawn, passes: NDArray[np.float32], ordinary: float) -> RouterSet:
    image = _image(source)
    asked = np.array([IMAGE_OF[name] == image for name in CLASSES])
    truth = np.zeros((len(shard.positive), len(CLASSES)), np.float32)
    margin = np.full_like(truth, np.nan)
    weight = np.repeat(asked[None].astype(np.float32), len(truth), axis=0)
    if source in CLASS_OF:
        own = CLASSES.index(CLASS_OF[source])
        truth[:, own] = shard.positive & (passes > 0.0)
        margin[:, own] = passes
    else:
        weight *= ordinary
    # Whether a lens simulator's merger is one to the merger network, nobody asked.
    weight[shard.kind == "merger", CLASSES.index("merger")] *= float(source == "merger")
    windows = router_network.prepare(list(shard.images.astype(np.float32)), image).astype(np.float16)
    return RouterSet(windows, truth, margin, weight)


def _image(source: str) -> str:
    if source in ORDINARY:
        return "difference" if source == ORDINARY[0] else "host"
    return IMAGE_OF[CLASS_OF[source]]


def train(taught: RouterSet, schedule: Schedule, checkpoints: Path, progress: Callable[[int, float], None]) -> Model:
    """Train the network to tell by how much a stamp passes each class's network.

    Parameters
    ----------
    taught : RouterSet
    schedule : Schedule
    checkpoints : path
        Folder; a call that was broken off goes on from the last epoch there.
    progress : callable
        Told each epoch's number and its loss.

    Returns
    -------
    tf_keras.Model
        Folded.
    """
    import tensorflow as tf
    import tf_keras

    tf_keras.utils.set_random_seed(schedule.seed)
    model = router_network.build(normalised=True)
    steps = len(taught.truth) // schedule.batch
    rate = rising_and_falling(schedule.rate, steps, steps * (schedule.epochs - 1))
    optimiser = adamw(model, rate, schedule.decay, longest=5.0)

    def loss_of(images: Tensor, truth: Tensor, margin: Tensor, weight: Tensor) -> Tensor:
        losses = _losses(model(tf.cast(images, tf.float32), training=True), truth, margin, schedule.missed)
        return tf.reduce_mean(tf.reduce_sum(weight * losses, axis=1))

    step = gradient_step(model, optimiser, loss_of)
    for number in epochs_left(checkpoints, schedule.epochs, model=model, optimiser=optimiser):
        losses = [float(step(*batch)) for batch in _batches(taught, schedule, number)]
        progress(number + 1, float(np.mean(losses)))
    return router_network.fold(model)


def _losses(odds: Tensor, truth: Tensor, margin: Tensor, missed: float) -> Tensor:
    """Loss of each output: of its own simulator's stamps the distance from the class network, else cross-entropy.

    The threshold is set by that accepted positive which lies lowest, so that falling short of the class network there
    weighs more than anything else; what it is sure of, and what does not hold the class, may lie farther out.
    """
    import tensorflow as tf

    known = tf.math.is_finite(margin)
    passes = tf.where(known, margin, 0.0)
    error = odds - tf.clip_by_value(passes, -_SURE, _SURE)
    error = tf.where((tf.abs(passes) > _SURE) & (error * passes > 0.0), 0.0, error)
    distance = 0.5 * error**2
    # Growing faster than a square, so that the few worst, which set the threshold, are heard among all others.
    short = missed * (distance + tf.abs(error) ** 3 / 6.0)
    distance = tf.where((truth > 0.0) & (error < 0.0), short, distance)
    return tf.where(known, distance, tf.nn.sigmoid_cross_entropy_with_logits(truth, odds))


def _batches(
    taught: RouterSet, schedule: Schedule, epoch: int
) -> Iterator[tuple[NDArray[np.float16], NDArray[np.float32], NDArray[np.float32], NDArray[np.float32]]]:
    """Give an epoch's batches, each mirrored and turned another way, half of the differences dark."""
    rng = np.random.default_rng([schedule.seed, epoch])
    order = rng.permutation(len(taught.truth))
    for start in range(0, len(order) - schedule.batch + 1, schedule.batch):
        which = np.sort(order[start : start + schedule.batch])
        images = np.ascontiguousarray(turned(taught.windows[which], int(rng.integers(8))))
        dark = (taught.weight[which, 0] > 0.0) & (rng.random(len(which)) < 0.5)
        images[dark] *= -1
        yield images, taught.truth[which], taught.margin[which], taught.weight[which]
