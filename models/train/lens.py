"""Teaches a lens network on simulated stamps in new noise."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from models import lens_network
from models.train.lens_set import SHARD, VALIDATION, LensShard, draw_shards, open_shard
from models.train.lens_views import view

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from numpy.typing import NDArray
    from tensorflow import Tensor
    from tf_keras import Model

#: Weight of the information content beside the probability.
CONTENT = 0.3

Batch = tuple["NDArray[np.float32]", "NDArray[np.float32]"]


@dataclass(frozen=True, slots=True)
class Schedule:
    """How long and how fast.

    Attributes
    ----------
    epochs : int
        Times that every stamp is seen; after each there is a checkpoint and a validation.
    shards, shard : int
        Parts of the training set, and stamps of each.
    batch : int
        Stamps.
    rate, decay : float
        Largest learning rate, falling as a cosine; decay of the weights, decoupled (AdamW).
    processes : int
        That draw stamps.
    seed : int
        Of the first member's weights, views and order; the others' follow it.
    """

    epochs: int = 12
    shards: int = 18
    shard: int = SHARD
    batch: int = 64
    rate: float = 2e-3
    decay: float = 1e-3
    processes: int = 2
    seed: int = 20120


def draw_training_set(form: str, schedule: Schedule, folder: Path, drawn: Callable[[], None]) -> None:
    """Draw the stamps of a form's sky, unless they are there; `drawn` is called for each shard."""
    numbers = [*range(schedule.shards), VALIDATION]
    draw_shards(lens_network.FORMS[form].sky, numbers, folder, schedule.processes, drawn, schedule.shard)


def train(
    form_name: str, member: int, schedule: Schedule, work: Path, progress: Callable[[int, float, float], None]
) -> Model:
    r"""Train one member of an ensemble; all but the first start from the one before, at full rate again.

    That gives members that differ in a fraction of the time (Huang et al. 2017, "Snapshot ensembles", ICLR).

    .. math::

        L = \mathrm{BCE}(p, y) + 0.3\, y \left(\log_{10} \max(IC, 1) - \hat c\right)^2

    Parameters
    ----------
    form_name : str
        Key of `lens_network.FORMS`.
    member : int
        0 and on.
    schedule : Schedule
    work : path
        Folder with the training set, and for checkpoints; a call that was broken off goes on from the last epoch.
    progress : callable
        Told each epoch's number, its loss, and that of the validation.

    Returns
    -------
    tf_keras.Model
        Folded.
    """
    import tensorflow as tf
    import tf_keras

    form = lens_network.FORMS[form_name]
    tf_keras.utils.set_random_seed(schedule.seed + member)
    model = lens_network.build(form, normalised=True)
    steps = schedule.shards * (schedule.shard // schedule.batch)
    rate = tf_keras.optimizers.schedules.CosineDecay(
        schedule.rate / 20, steps * max(schedule.epochs - 1, 1), warmup_target=schedule.rate, warmup_steps=steps // 2
    )
    optimiser = tf_keras.optimizers.AdamW(rate, weight_decay=schedule.decay, global_clipnorm=1.0)
    optimiser.exclude_from_weight_decay(var_names=["bias", "gamma", "beta"])
    optimiser.build(model.trainable_variables)

    def one_step(images: Tensor, truth: Tensor) -> Tensor:
        with tf.GradientTape() as tape:
            loss = lens_loss(model(images, training=True), truth)
        optimiser.apply_gradients(
            zip(tape.gradient(loss, model.trainable_variables), model.trainable_variables, strict=True)
        )
        return loss

    step = tf.function(one_step)
    epoch = tf.Variable(0)
    saved = tf.train.CheckpointManager(
        tf.train.Checkpoint(model=model, optimiser=optimiser, epoch=epoch),
        str(work / f"{form.name}-{member}"),
        max_to_keep=1,
    )
    if saved.restore_or_initialize() is None and member:
        before = tf.train.latest_checkpoint(str(work / f"{form.name}-{member - 1}"))
        tf.train.Checkpoint(model=model).restore(before).expect_partial()
    unseen = open_shard(work, form.sky, VALIDATION)
    for number in range(int(epoch), schedule.epochs):
        rng = np.random.default_rng([schedule.seed, member, number])
        losses = [float(step(*batch)) for batch in _batches(rng, form, schedule, work)]
        found, truth = zip(
            *(
                (model(images, training=False).numpy(), truth)
                for images, truth in _views(np.random.default_rng(schedule.seed), form, schedule, unseen)
            ),
            strict=True,
        )
        epoch.assign_add(1)
        saved.save()
        loss = float(lens_loss(tf.constant(np.concatenate(found)), tf.constant(np.concatenate(truth))))
        progress(number + 1, float(np.mean(losses)), loss)
    return lens_network.fold(form, model)


def lens_loss(found: Tensor, truth: Tensor) -> Tensor:
    """Mean loss of a batch; `found` and `truth` (n, 2): log odds or 0 and 1, and the logarithm of the content."""
    import tensorflow as tf

    lens = truth[:, 0]
    loss = tf.reduce_mean(tf.nn.sigmoid_cross_entropy_with_logits(lens, found[:, 0]))
    return loss + CONTENT * tf.reduce_mean(lens * tf.square(found[:, 1] - truth[:, 1]))


def log_content(information_content: NDArray[np.floating]) -> NDArray[np.float32]:
    """Return the decadic logarithm of the information content, 0 for invisible arcs and without a lens."""
    return np.asarray(np.log10(np.maximum(np.nan_to_num(information_content), 1.0)), np.float32)


def _batches(rng: np.random.Generator, form: lens_network.Form, schedule: Schedule, folder: Path) -> Iterator[Batch]:
    for number in rng.permutation(schedule.shards):
        yield from _views(rng, form, schedule, open_shard(folder, form.sky, int(number)))


def _views(rng: np.random.Generator, form: lens_network.Form, schedule: Schedule, shard: LensShard) -> Iterator[Batch]:
    truth = np.stack([shard.lens, log_content(shard.information_content)], axis=1)
    order = rng.permutation(len(shard.lens))
    for start in range(0, len(order) - schedule.batch + 1, schedule.batch):
        some = np.sort(order[start : start + schedule.batch])
        yield lens_network.prepare(view(rng, np.asarray(shard.images[some]), form)), truth[some]
