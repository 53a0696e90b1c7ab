"""Teaches the router to let pass what the class networks accept."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import numpy as np

from models import router_network
from models.looks import turned
from models.router_network import IMAGE_OF, IMAGES, classes_of
from models.simulate.mix.draw import CLASS_OF, ORDINARY
from models.simulate.mix.frozen import Part
from models.train.loop import adamw, epochs_left, gradient_step, rising_and_falling
from models.train.router_set import SHARD, draw_shard, open_shard
from models.train.running_mean import follow, in_brain_floats

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from numpy.typing import NDArray
    from tensorflow import Tensor
    from tf_keras import Model

    from models.simulate.mix.draw import Drawn

#: Shards of the training by source, half of their stamps positives.
_SHARDS = {"streak": 192, "merger": 40, "lens": 40, "lens in space": 40, ORDINARY[0]: 72, ORDINARY[1]: 24}

#: Log odds that are as good as any beyond them: a class network that is so sure need not be followed closely.
_SURE = 6.0
#: Weight of what falls short of an accepted positive's log odds.
_SHORT = 10.0
#: Weight of the cross-entropy beside it.
_ACCEPTED = 0.3
#: Least part of an epoch that a stamp is seen in.
_LEAST = 0.2
_LONGEST = 10.0
#: The mean of the weights, which ships, follows them every so many batches; part of it that then stays.
_FOLLOWED, _KEPT = 10, 0.98


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
        Of as many steps as half of the stamps take.
    batch : int
        Stamps.
    rate, decay : float
        Largest learning rate, falling as a cosine; decay of the weights, decoupled (AdamW).
    missed : float
        Weight of a positive that its network accepts beside all else: by it completeness is bought with purity.
    ordinary : float
        Weight of an ordinary alert, of which there are few here and most in the sky.
    seed : int
        Of the first weights and of the order.
    """

    epochs: int = 32
    batch: int = 256
    rate: float = 1.2e-3
    decay: float = 1e-3
    missed: float = 60.0
    ordinary: float = 4.0
    seed: int = 5


@dataclass(frozen=True, slots=True, eq=False)
class RouterSet:
    """What the router is taught on: the stamps of one image, and the classes that are looked for there.

    Attributes
    ----------
    windows : float16 array (n, 64, 64, 1)
    fwhm : float32 array (n,) or None
        Of differences, the widths of the PSFs as they are told [px], 0 where they are not; of hosts None.
    truth : float32 array (n, m)
        1 for the positives that a class's network accepts.
    margin : float32 array (n, m)
        By how many log odds a stamp of its own simulator passes the class's network; NaN for all others, of which it is
        only known that they hold none of the class.
    weight : float32 array (n, m)
    """

    windows: NDArray[np.float16]
    fwhm: NDArray[np.float32] | None
    truth: NDArray[np.float32]
    margin: NDArray[np.float32]
    weight: NDArray[np.float32]


def gather(work: Path, margins: Margins, ordinary: float, drawn: Callable[[], None]) -> dict[str, RouterSet]:
    """Draw the training set of each image, or take from disk what of it is there.

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
    parts: dict[str, list[RouterSet]] = {image: [] for image in IMAGES}
    for source, count in _SHARDS.items():
        for number in range(count):
            positives = 0.5 if source in CLASS_OF else 0.0
            shard = draw_shard(work, source, Part.TRAINING, number, positives)
            passes = margins(source, shard) if source in CLASS_OF else np.full(SHARD, np.nan, np.float32)
            parts[_image(source)].append(_taught(source, open_shard(shard), passes, ordinary))
            drawn()
    return {image: _together(some) for image, some in parts.items()}


def shards() -> int:
    """How many shards the training set has."""
    return sum(_SHARDS.values())


def _together(parts: Sequence[RouterSet]) -> RouterSet:
    """Append sets of one image."""
    windows, truth, margin, weight = (
        np.concatenate([getattr(one, name) for one in parts]) for name in ("windows", "truth", "margin", "weight")
    )
    fwhm = [one.fwhm for one in parts if one.fwhm is not None]
    return RouterSet(windows, np.concatenate(fwhm) if fwhm else None, truth, margin, weight)


def _taught(source: str, shard: Drawn, passes: NDArray[np.float32], ordinary: float) -> RouterSet:
    image = _image(source)
    classes = classes_of(image)
    truth = np.zeros((len(shard.positive), len(classes)), np.float32)
    margin = np.full_like(truth, np.nan)
    weight = np.full_like(truth, 1.0 if source in CLASS_OF else ordinary)
    if source in CLASS_OF:
        own = classes.index(CLASS_OF[source])
        truth[:, own] = shard.positive & (passes > 0.0)
        margin[:, own] = passes
    if "merger" in classes and source != "merger":
        # Whether a lens simulator's merger is one to the merger network, nobody asked.
        weight[shard.kind == "merger", classes.index("merger")] = 0.0
    windows = router_network.prepare(list(shard.images.astype(np.float32)), image, shard.fwhm)
    fwhm = windows[:, 0, 0, 1] if image == "difference" else None
    return RouterSet(windows[..., :1].astype(np.float16), fwhm, truth, margin, weight)


def _image(source: str) -> str:
    if source in ORDINARY:
        return "difference" if source == ORDINARY[0] else "host"
    return IMAGE_OF[CLASS_OF[source]]


def train(
    taught: Mapping[str, RouterSet], schedule: Schedule, checkpoints: Path, progress: Callable[[int, float], None]
) -> Model:
    """Train the network to tell by how much a stamp passes each class's network.

    Parameters
    ----------
    taught : mapping of image to RouterSet
        The part for an image that is not there stays as it was drawn.
    schedule : Schedule
    checkpoints : path
        Folder; a call that was broken off goes on from the last epoch there.
    progress : callable
        Told each epoch's number, those of one image after those of the other, and its loss.

    Returns
    -------
    tf_keras.Model
        Folded.
    """
    import tf_keras

    tf_keras.utils.set_random_seed(schedule.seed)
    model = router_network.build(normalised=True)
    for before, (image, one) in enumerate(taught.items()):

        def told(epoch: int, loss: float, done: int = before * schedule.epochs) -> None:
            progress(done + epoch, loss)

        _teach(router_network.part(model, image), one, schedule, checkpoints / image, told)
    return router_network.fold(model)


def _teach(
    mean: Model, taught: RouterSet, schedule: Schedule, checkpoints: Path, progress: Callable[[int, float], None]
) -> None:
    """Train one image's part, which becomes the running mean of what is taught."""
    import tensorflow as tf

    model = in_brain_floats(mean)
    steps = len(taught.truth) // (2 * schedule.batch)
    rate = rising_and_falling(schedule.rate, steps, steps * (schedule.epochs - 1))
    optimiser = adamw(model, rate, schedule.decay, longest=_LONGEST)
    lost = tf.Variable(tf.ones(len(taught.truth)))

    def losses_of(images: Tensor, truth: Tensor, margin: Tensor, weight: Tensor) -> Tensor:
        losses = _losses(model(images, training=True), truth, margin, schedule.missed)
        return tf.reduce_sum(weight * losses, axis=1) / schedule.batch

    step = gradient_step(model, optimiser, losses_of)
    for number in epochs_left(checkpoints, schedule.epochs, model=model, mean=mean, lost=lost, optimiser=optimiser):
        rng = np.random.default_rng([schedule.seed, number])
        latest = lost.numpy()
        # What the network knows by now is seen less often, and weighs as much more.
        share = np.clip(latest / latest.mean(), _LEAST, 1.0)
        share /= share.mean()
        losses = []
        for _ in range(steps):
            which = np.sort(rng.choice(len(share), schedule.batch, p=share / len(share)))
            images, truth, margin, weight = _batch(taught, which, rng)
            found = step(images, truth, margin, weight / share[which, None]).numpy()
            latest[which] = found * share[which]
            losses.append(found.sum())
            if (done := int(optimiser.iterations)) % _FOLLOWED == 0:
                follow(mean, model, min(_KEPT, 1 - _FOLLOWED / (done + 1)))
        lost.assign(latest)
        progress(number + 1, float(np.mean(losses)))


def _losses(outputs: Tensor, truth: Tensor, margin: Tensor, missed: float) -> Tensor:
    """Loss (n, m) of the two outputs of each class.

    The first is whether the class's network accepts a positive, by cross-entropy in which those weigh so much that it
    tells best near where the threshold will lie. The second follows the network's log odds on its own simulator's
    stamps, and cross-entropy elsewhere; what falls short of an accepted positive's weighs most there.
    """
    import tensorflow as tf

    accepted, odds = tf.split(outputs, 2, axis=1)
    entropy = tf.nn.sigmoid_cross_entropy_with_logits(truth, accepted)
    known = tf.math.is_finite(margin)
    passes = tf.where(known, margin, 0.0)
    error = odds - tf.clip_by_value(passes, -_SURE, _SURE)
    error = tf.where((tf.abs(passes) > _SURE) & (error * passes > 0.0), 0.0, error)
    distance = 0.5 * error**2
    # Growing faster than a square, so that the few worst are heard among all others.
    short = _SHORT * (distance + tf.abs(error) ** 3 / 6.0)
    distance = tf.where((truth > 0.0) & (error < 0.0), short, distance)
    followed = tf.where(known, distance, tf.nn.sigmoid_cross_entropy_with_logits(truth, odds))
    return followed + _ACCEPTED * tf.where(truth > 0.0, missed, 1.0) * entropy


def _batch(
    taught: RouterSet, which: NDArray[np.intp], rng: np.random.Generator
) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.float32], NDArray[np.float32]]:
    """Take some stamps, mirrored and turned, half of the differences dark."""
    images = np.ascontiguousarray(turned(taught.windows[which], int(rng.integers(8))), np.float32)
    if taught.fwhm is not None:
        images[rng.random(len(which)) < 0.5] *= -1
        images = np.concatenate([images, np.broadcast_to(taught.fwhm[which, None, None, None], images.shape)], axis=-1)
    return images, taught.truth[which], taught.margin[which], taught.weight[which]
