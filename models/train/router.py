"""Teaches the router to let pass what the class networks accept, and sets its thresholds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import numpy as np

from models import router_network
from models.router_network import CLASSES, IMAGE_OF
from models.simulate.mix.draw import CLASS_OF, ORDINARY
from models.simulate.mix.frozen import Part
from models.streak_network import turned
from models.train.router_set import draw_shard, open_shard

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from numpy.typing import NDArray
    from tensorflow import Tensor
    from tf_keras import Model

    from models.router import Router
    from models.simulate.mix.draw import Drawn

#: Shards of the training by source, half of their stamps positives.
_SHARDS = {"streak": 16, "merger": 16, "lens": 12, "lens in space": 8, ORDINARY[0]: 8, ORDINARY[1]: 8}
#: Sources of a class's calibration, in equal parts.
_CALIBRATION = {name: tuple(source for source, of in CLASS_OF.items() if of == name) for name in CLASSES}
#: Accepted positives that a threshold is set on: with so many, another 3,000 hold no miss with 95 % probability.
CALIBRATION = 60_000


class Accepts(Protocol):
    """A class network's verdicts; `models.train.router_judges` has those of the networks that ship."""

    def __call__(self, source: str, drawn: Drawn) -> NDArray[np.bool_]:
        """Tell which stamps (n,) of a source its class's network accepts."""


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
        Weight of a positive beside a negative: the class weighting by which completeness is bought with purity.
    seed : int
        Of the first weights and of the order.
    """

    epochs: int = 12
    batch: int = 256
    rate: float = 2e-3
    decay: float = 1e-3
    missed: float = 15.0
    seed: int = 5


@dataclass(frozen=True, slots=True, eq=False)
class RouterSet:
    """What the router is taught on.

    Attributes
    ----------
    windows : float16 array (n, 64, 64, 1)
    truth : float32 array (n, 3)
        1 for what a class's network accepts.
    weight : float32 array (n, 3)
        0 where an output is not asked: of the other image, and of what its own network does not accept.
    """

    windows: NDArray[np.float16]
    truth: NDArray[np.float32]
    weight: NDArray[np.float32]


def gather(work: Path, accepts: Accepts, missed: float, drawn: Callable[[], None]) -> RouterSet:
    """Draw the training set, or take from disk what of it is there.

    Parameters
    ----------
    work : path
        Folder for shards.
    accepts : Accepts
    missed : float
        Weight of positives.
    drawn : callable
        Called for each shard.
    """
    parts = []
    for source, count in _SHARDS.items():
        for number in range(count):
            positives = 0.5 if source in CLASS_OF else 0.0
            shard = open_shard(draw_shard(work, source, Part.TRAINING, number, positives))
            parts.append(_taught(source, shard, accepts, missed))
            drawn()
    return RouterSet(*(np.concatenate([getattr(one, name) for one in parts]) for name in RouterSet.__slots__))


def shards() -> int:
    """How many shards the training set has."""
    return sum(_SHARDS.values())


def _taught(source: str, shard: Drawn, accepts: Accepts, missed: float) -> RouterSet:
    image = _image(source)
    asked = np.array([IMAGE_OF[name] == image for name in CLASSES])
    truth = np.zeros((len(shard.positive), len(CLASSES)), np.float32)
    weight = np.repeat(asked[None].astype(np.float32), len(truth), axis=0)
    if source in CLASS_OF:
        own = CLASSES.index(CLASS_OF[source])
        accepted = shard.positive & accepts(source, shard)
        truth[accepted, own], weight[accepted, own] = 1.0, missed
        weight[shard.positive & ~accepted, own] = 0.0
    # Whether a lens simulator's merger is one to the merger network, nobody asked.
    weight[shard.kind == "merger", CLASSES.index("merger")] *= float(source == "merger")
    windows = router_network.prepare(list(shard.images.astype(np.float32)), image).astype(np.float16)
    return RouterSet(windows, truth, weight)


def _image(source: str) -> str:
    if source in ORDINARY:
        return "difference" if source == ORDINARY[0] else "host"
    return IMAGE_OF[CLASS_OF[source]]


def train(taught: RouterSet, schedule: Schedule, checkpoints: Path, progress: Callable[[int, float], None]) -> Model:
    r"""Train the network by weighted binary cross-entropy, summed over the outputs.

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
    rate = tf_keras.optimizers.schedules.CosineDecay(
        schedule.rate / 20, steps * max(schedule.epochs - 1, 1), warmup_target=schedule.rate, warmup_steps=steps
    )
    optimiser = tf_keras.optimizers.AdamW(rate, weight_decay=schedule.decay, global_clipnorm=5.0)
    optimiser.exclude_from_weight_decay(var_names=["bias", "gamma", "beta"])
    optimiser.build(model.trainable_variables)

    def one_step(images: Tensor, truth: Tensor, weight: Tensor) -> Tensor:
        with tf.GradientTape() as tape:
            losses = tf.nn.sigmoid_cross_entropy_with_logits(truth, model(tf.cast(images, tf.float32), training=True))
            loss = tf.reduce_mean(tf.reduce_sum(weight * losses, axis=1))
        optimiser.apply_gradients(
            zip(tape.gradient(loss, model.trainable_variables), model.trainable_variables, strict=True)
        )
        return loss

    step = tf.function(one_step)
    epoch = tf.Variable(0)
    checkpoint = tf.train.Checkpoint(model=model, optimiser=optimiser, epoch=epoch)
    saved = tf.train.CheckpointManager(checkpoint, str(checkpoints), max_to_keep=1)
    saved.restore_or_initialize()
    for number in range(int(epoch), schedule.epochs):
        losses = [float(step(*batch)) for batch in _batches(taught, schedule, number)]
        epoch.assign_add(1)
        saved.save()
        progress(number + 1, float(np.mean(losses)))
    return router_network.fold(model)


def _batches(
    taught: RouterSet, schedule: Schedule, epoch: int
) -> Iterator[tuple[NDArray[np.float16], NDArray[np.float32], NDArray[np.float32]]]:
    """Give an epoch's batches, each mirrored and turned another way, half of the differences dark."""
    rng = np.random.default_rng([schedule.seed, epoch])
    order = rng.permutation(len(taught.truth))
    for start in range(0, len(order) - schedule.batch + 1, schedule.batch):
        which = np.sort(order[start : start + schedule.batch])
        images = np.ascontiguousarray(turned(taught.windows[which], int(rng.integers(8))))
        dark = (taught.weight[which, 0] > 0.0) & (rng.random(len(which)) < 0.5)
        images[dark] *= -1
        yield images, taught.truth[which], taught.weight[which]


def calibrate(
    router: Router, accepts: Accepts, work: Path, count: int, drawn: Callable[[str, int], None]
) -> Mapping[str, tuple[float, int]]:
    """Find, for each class, the least score of the positives that its network accepts.

    Parameters
    ----------
    router : Router
    accepts : Accepts
    work : path
        Folder for shards.
    count : int
        Accepted positives of each class.
    drawn : callable
        Told a class and how many of it there are.

    Returns
    -------
    mapping of class to (threshold, accepted positives that it stands on)
    """
    found = {}
    for name in CLASSES:
        scores: list[NDArray[np.float64]] = []
        number = total = 0
        while total < count:
            for source in _CALIBRATION[name]:
                shard = open_shard(draw_shard(work, source, Part.CALIBRATION, number, 1.0))
                scores.append(accepted_scores(router, accepts, source, shard)[:, CLASSES.index(name)])
                total += len(scores[-1])
            number += 1
            drawn(name, total)
        found[name] = (float(np.concatenate(scores).min()), total)
    return found


def accepted_scores(router: Router, accepts: Accepts, source: str, shard: Drawn) -> NDArray[np.float64]:
    """Score those positives of a shard that its class's network accepts: all outputs (n, 3)."""
    accepted = accepts(source, shard) & shard.positive
    return router.look(list(shard.images[accepted].astype(np.float32)), IMAGE_OF[CLASS_OF[source]])
