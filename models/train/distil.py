"""Teaches a small network a large one's features."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from models import student
from models.train.loop import adamw, epochs_left, gradient_step, made_ahead, rising_and_falling

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from numpy.typing import NDArray
    from tensorflow import Tensor
    from tf_keras import Model

    from models.train.distillation_set import DistillationSet


#: Distance over which a neighbour ceases to be one; 1.4 is that of two images taken at random.
NEAR = 0.1


@dataclass(frozen=True, slots=True)
class Schedule:
    """How long and how fast.

    Attributes
    ----------
    epochs : int
        Times that every image is seen.
    pairs : int
        Science images with their references in a batch.
    rate : float
        Largest learning rate; it rises over the first epoch and falls as a cosine.
    decay : float
        Of the weights, decoupled (AdamW).
    seed : int
        Of the first weights and of the order.
    """

    epochs: int = 18
    pairs: int = 128
    rate: float = 3e-3
    decay: float = 1e-2
    seed: int = 20120


def distil(
    data: DistillationSet, schedule: Schedule, checkpoints: Path, progress: Callable[[int, float], None]
) -> Model:
    r"""Train a student.

    Features are centred on the teacher's mean over the set and divided by their root mean square
    distance from it, so that all terms of the loss are of order one. For a batch of science images and their
    references, with :math:`t` the teacher's and :math:`s` the student's features and :math:`d_{ij}` the
    distances within the batch,

    .. math::

        L = \overline{|s_i - t_i|^2} + \tfrac{1}{2} \overline{1 - \cos(s_i, t_i)}
            + \tfrac{1}{2} \overline{(d^s_{ij} - d^t_{ij})^2} + \overline{(d^s_{i r(i)} - d^t_{i r(i)})^2}
            + \tfrac{1}{2} \overline{\mathrm{KL}(p^t_i \| p^s_i)}, \qquad
        p_{ij} \propto e^{-d_{ij} / 0.1},\; j \ne i ,

    where :math:`r(i)` is a science image's reference: the relational terms of Park et al. (2019,
    CVPR, eq. 5), since distances are what the features are for, and one for who is near whom
    (van der Maaten & Hinton 2008, eq. 2).

    Parameters
    ----------
    data : DistillationSet
    schedule : Schedule
    checkpoints : path
        Folder; a call that was broken off goes on from the last epoch there.
    progress : callable
        Told each epoch's number and mean loss.

    Returns
    -------
    tf_keras.Model
        Folded, ready for `models.student.save`.
    """
    import tensorflow as tf
    import tf_keras

    tf_keras.utils.set_random_seed(schedule.seed)
    mean = data.features.mean(axis=0, dtype=np.float64).astype(np.float32)
    scale = float(np.sqrt(((data.features[::7].astype(np.float32) - mean) ** 2).sum(axis=1).mean()))
    partners = _partners(data)
    batches = len(partners) // schedule.pairs
    rate = rising_and_falling(schedule.rate, batches, batches * (schedule.epochs - 1))
    model = student.build(normalised=True)
    optimiser = adamw(model, rate, schedule.decay)

    def loss_of(images: Tensor, features: Tensor) -> Tensor:
        target = (tf.cast(features, tf.float32) - mean) / scale
        return _loss(model(tf.cast(images, tf.float32) / 255.0, training=True), target)

    step = gradient_step(model, optimiser, loss_of)
    for number in epochs_left(checkpoints, schedule.epochs, model=model, optimiser=optimiser):
        losses = [float(step(*batch)) for batch in _batches(data, partners, schedule, number)]
        progress(number + 1, float(np.mean(losses)))
    return _in_units_of_the_teacher(student.fold(model), mean, scale)


def _partners(data: DistillationSet) -> NDArray[np.intp]:
    """Places of science images and of their references (n, 2); an image without partner stands twice."""
    science = {int(pair): place for place, pair in enumerate(data.pair) if data.science[place]}
    reference = {int(pair): place for place, pair in enumerate(data.pair) if not data.science[place]}
    return np.array(
        [
            (science.get(pair, reference.get(pair, 0)), reference.get(pair, science.get(pair, 0)))
            for pair in sorted(science.keys() | reference.keys())
        ]
    )


def _batches(
    data: DistillationSet, partners: NDArray[np.intp], schedule: Schedule, epoch: int
) -> Iterator[tuple[NDArray[np.uint8], NDArray[np.float16]]]:
    """Gather an epoch's batches, each while the one before is worked on; science images first."""
    order = np.random.default_rng([schedule.seed, epoch]).permutation(len(partners))
    whole = order[: len(order) // schedule.pairs * schedule.pairs].reshape(-1, schedule.pairs)

    def gather(batch: NDArray[np.intp]) -> tuple[NDArray[np.uint8], NDArray[np.float16]]:
        chosen = partners[batch].T.ravel()
        return data.images[chosen], data.features[chosen]

    with ThreadPoolExecutor(1) as pool:
        yield from made_ahead(pool, gather, zip(whole), 1)


def _loss(found: Tensor, target: Tensor) -> Tensor:
    """Of a batch whose first half are the science images, in order, of the second half's references."""
    import tensorflow as tf

    error = tf.reduce_mean(tf.reduce_sum(tf.square(found - target), axis=1))
    cosine = tf.reduce_sum(tf.math.l2_normalize(found, 1) * tf.math.l2_normalize(target, 1), axis=1)
    ours, theirs = _distances(found), _distances(target)
    relations = tf.reduce_mean(tf.square(ours - theirs))
    pairs = tf.reduce_mean(tf.square(_to_partner(found) - _to_partner(target)))
    return error + 0.5 * (tf.reduce_mean(1.0 - cosine) + relations + _neighbourhoods(ours, theirs)) + pairs


def _neighbourhoods(ours: Tensor, theirs: Tensor) -> Tensor:
    """Mean Kullback-Leibler divergence of who is near whom."""
    import tensorflow as tf

    itself = tf.fill((tf.shape(ours)[0],), -np.inf)
    near, found = (tf.linalg.set_diag(-distances / NEAR, itself) for distances in (theirs, ours))
    wanted = tf.nn.softmax(near)
    difference = tf.nn.log_softmax(near) - tf.nn.log_softmax(found)
    return tf.reduce_mean(tf.reduce_sum(tf.linalg.set_diag(wanted * difference, tf.zeros_like(itself)), axis=1))


def _distances(features: Tensor) -> Tensor:
    import tensorflow as tf

    squares = tf.reduce_sum(tf.square(features), axis=1)
    products = tf.matmul(features, features, transpose_b=True)
    return tf.sqrt(tf.maximum(squares[:, None] + squares - 2.0 * products, 1e-4))


def _to_partner(features: Tensor) -> Tensor:
    import tensorflow as tf

    science, reference = tf.split(features, 2)
    return tf.sqrt(tf.reduce_sum(tf.square(science - reference), axis=1) + 1e-6)


def _in_units_of_the_teacher(model: Model, mean: NDArray[np.float32], scale: float) -> Model:
    """Undo the centring and scaling of features and images, inside the first and the last layer."""
    kernel, bias = model.get_layer(student.TELLING_LAYER).get_weights()
    model.get_layer(student.TELLING_LAYER).set_weights([kernel * scale, bias * scale + mean])
    first = model.get_layer("stage1")
    kernel, bias = first.get_weights()
    first.set_weights([kernel / 255.0, bias])
    return model
