"""Teaches a lens network on simulated stamps in new noise."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from models import lens_network
from models.simulate.lenses.frozen import as_seen, calibration_stamps
from models.train.lens_set import SHARD, LensShard, Name, draw_shards, names, open_shard, unseen
from models.train.lens_views import view
from models.train.loop import adamw, epochs_left, gradient_step
from models.train.running_mean import follow, in_brain_floats

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from numpy.typing import NDArray
    from tensorflow import Tensor
    from tf_keras import Model

    from models.lens_finder import LensFinder

#: Weight of the information content beside the probability.
CONTENT = 0.5

#: Stamps on which a threshold is set, half of them lenses.
CALIBRATION = 8000

#: Arcs further from the middle than this part of the window's side lie outside of it.
_INSIDE = 0.47

Batch = tuple["NDArray[np.float32]", "NDArray[np.float32]"]


@dataclass(frozen=True, slots=True)
class Schedule:
    """How long and how fast.

    Attributes
    ----------
    epochs, settling : int
        Times that every stamp is seen with batch normalisation, and then without; after each there is a checkpoint and
        a validation.
    shards, shard : int
        Parts of the training set, and stamps of each.
    batch : int
        Stamps.
    rate, settling_rate, decay : float
        Largest learning rates; decay of the weights, decoupled (AdamW).
    keep : float
        Part of the weights' running mean that a step leaves.
    processes : int
        That draw stamps.
    seed : int
        Of the first member's weights, views and order; the others' follow it.
    """

    epochs: int = 24
    settling: int = 12
    shards: int = 24
    shard: int = SHARD
    batch: int = 128
    rate: float = 2e-3
    settling_rate: float = 8e-4
    decay: float = 1e-3
    keep: float = 0.999
    processes: int = 2
    seed: int = 20120


def draw_training_set(form: str, schedule: Schedule, folder: Path, drawn: Callable[[], None]) -> None:
    """Draw the stamps of a form's sky, unless they are there; `drawn` is called for each shard."""
    sky = lens_network.FORMS[form].sky
    draw_shards([*names(sky, schedule.shards), unseen(sky)], folder, schedule.processes, drawn, schedule.shard)


def train(
    form_name: str, member: int, schedule: Schedule, work: Path, progress: Callable[[int, float, float], None]
) -> Model:
    """Train one member of an ensemble.

    Batch normalisation lets it learn fast; it is then merged into the convolutions, and what ships is trained further
    itself, in steps that cost a quarter less.

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
    import tf_keras

    form = lens_network.FORMS[form_name]
    tf_keras.utils.set_random_seed(schedule.seed + member)
    model = lens_network.build(form, normalised=True)
    learn(model, form, schedule.epochs, schedule.rate, schedule, work / f"{form.name}-{member}", progress)

    def later(epoch: int, loss: float, validation: float) -> None:
        progress(schedule.epochs + epoch, loss, validation)

    folded = lens_network.fold(form, model)
    settled = work / f"{form.name}-{member}-settled"
    learn(folded, form, schedule.settling, schedule.settling_rate, schedule, settled, later)
    return folded


def learn(
    model: Model, form: lens_network.Form, epochs: int, rate: float, schedule: Schedule, checkpoints: Path,
    progress: Callable[[int, float, float], None],
) -> None:  # fmt: skip
    """Train a network, from its last checkpoint on, at a rate that falls to nothing in a straight line.

    Parameters
    ----------
    model : tf_keras.Model
        Of `lens_network.build`; becomes the running mean of the one that is taught.
    form : Form
    epochs : int
    rate : float
        The largest.
    schedule : Schedule
        For all else.
    checkpoints : path
        Folder, whose name is one of the seeds; the training set lies beside it.
    progress : callable
        As of `train`.
    """
    import tensorflow as tf
    from tf_keras.optimizers.schedules import PolynomialDecay

    work = checkpoints.parent
    taught = in_brain_floats(model)
    steps = schedule.shards * (schedule.shard // schedule.batch)
    optimiser = adamw(taught, PolynomialDecay(rate, max(steps * epochs, 1), 0.0), schedule.decay)
    step = gradient_step(taught, optimiser, lambda images, truth: lens_loss(taught(images, training=True), truth))
    for number in epochs_left(checkpoints, epochs, model=model, taught=taught, optimiser=optimiser):
        rng = np.random.default_rng([schedule.seed, *checkpoints.name.encode(), number])
        losses = []
        for batch in batches(rng, form, names(form.sky, schedule.shards), schedule, work):
            losses.append(float(step(*batch)))
            follow(model, taught, min(schedule.keep, 1 - 1 / int(optimiser.iterations)))
        rng = np.random.default_rng(schedule.seed)
        seen = [
            (model(images, training=False).numpy(), truth)
            for images, truth in batches(rng, form, [unseen(form.sky)], schedule, work)
        ]
        found, truth = (tf.constant(np.concatenate(one)) for one in zip(*seen, strict=True))
        progress(number + 1, float(np.mean(losses)), float(lens_loss(found, truth)))


def lens_loss(found: Tensor, truth: Tensor) -> Tensor:
    r"""Mean loss of a batch.

    .. math::

        L = \mathrm{BCE}(p, y) + 0.5\, y\, p \left(\log_{10} \max(IC, 1) - \hat c\right)^2

    The content ranks what is taken for a lens, so that the others' counts as little as they are; the gradient does
    not go through this weight.

    Parameters
    ----------
    found, truth : Tensor (n, 2)
        Log odds or 0 and 1, and the logarithm of the content.
    """
    import tensorflow as tf

    lens, odds = truth[:, 0], found[:, 0]
    loss = tf.reduce_mean(tf.nn.sigmoid_cross_entropy_with_logits(lens, odds))
    counted = lens * tf.stop_gradient(tf.sigmoid(odds))
    return loss + CONTENT * tf.reduce_mean(counted * tf.square(found[:, 1] - truth[:, 1]))


def calibrate(finder: LensFinder, count: int = CALIBRATION, passing: float = 0.01) -> float:
    """Score that a share of the calibration's impostors lies above: the threshold to ship with new weights."""
    stamps = calibration_stamps(finder.form.sky, count)
    stamps = stamps.part(~stamps.lens)
    form = finder.form
    looks = finder.look(as_seen(stamps, form.sky, form.bands), form.pixel_scale)
    return float(np.quantile([one.score for one in looks], 1.0 - passing, method="higher"))


def log_content(information_content: NDArray[np.floating]) -> NDArray[np.float32]:
    """Return the decadic logarithm of the information content, 0 for invisible arcs and without a lens."""
    return np.asarray(np.log10(np.maximum(np.nan_to_num(information_content), 1.0)), np.float32)


def batches(
    rng: np.random.Generator, form: lens_network.Form, shards: list[Name], schedule: Schedule, folder: Path
) -> Iterator[Batch]:
    """Yield views of every stamp of some shards, as the network sees them, and their truth."""
    for place in rng.permutation(len(shards)):
        yield from _views(rng, form, schedule, open_shard(folder, shards[place]))


def _views(rng: np.random.Generator, form: lens_network.Form, schedule: Schedule, shard: LensShard) -> Iterator[Batch]:
    truth = np.stack([shard.lens, log_content(shard.information_content)], axis=1)
    # Without a lens it is NaN, which is not above.
    outside = shard.einstein_radius > _INSIDE * form.side * form.pixel_scale
    order = rng.permutation(np.flatnonzero(~outside))
    for start in range(0, len(order) - schedule.batch + 1, schedule.batch):
        some = np.sort(order[start : start + schedule.batch])
        seen = view(rng, np.asarray(shard.images[some]), form)
        yield lens_network.prepare(seen, host_free=form.host_free), truth[some]
