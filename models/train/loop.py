"""What all trainings share: how fast, one step, what is made ahead, and where a broken-off run is taken up again."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from concurrent.futures import Executor, Future
    from pathlib import Path

    from tensorflow import Tensor
    from tf_keras import Model
    from tf_keras.optimizers import Optimizer
    from tf_keras.optimizers.schedules import LearningRateSchedule

#: A rate begins at this part of the largest.
_FIRST_RATE = 1 / 20

Made = TypeVar("Made")


def rising_and_falling(largest: float, rising: int, falling: int) -> LearningRateSchedule:
    """Return a learning rate that rises over some steps and falls over others, as a cosine."""
    import tf_keras

    return tf_keras.optimizers.schedules.CosineDecay(
        largest * _FIRST_RATE, max(falling, 1), warmup_target=largest, warmup_steps=rising
    )


def adamw(model: Model, rate: LearningRateSchedule, decay: float, longest: float = 1.0) -> Optimizer:
    """Return AdamW (Loshchilov & Hutter 2019) for a model's weights.

    Parameters
    ----------
    model : tf_keras.Model
    rate : LearningRateSchedule
    decay : float
        Of the weights, decoupled; biases and normalisations do not decay.
    longest : float, optional
        Length to which gradients are clipped, all together.
    """
    import tf_keras

    optimiser = tf_keras.optimizers.AdamW(rate, weight_decay=decay, global_clipnorm=longest)
    optimiser.exclude_from_weight_decay(var_names=["bias", "gamma", "beta"])
    optimiser.build(model.trainable_variables)
    return optimiser


def gradient_step(model: Model, optimiser: Optimizer, loss: Callable[..., Tensor]) -> Callable[..., Tensor]:
    """Return what changes a model's weights by one batch, and tells its loss.

    Parameters
    ----------
    model : tf_keras.Model
    optimiser : Optimizer
        As of `adamw`.
    loss : callable
        Of a batch's arrays, as tensors; calls the model.
    """
    import tensorflow as tf

    def one_step(*batch: Tensor) -> Tensor:
        with tf.GradientTape() as tape:
            found = loss(*batch)
        gradients = tape.gradient(found, model.trainable_variables)
        optimiser.apply_gradients(zip(gradients, model.trainable_variables, strict=True))
        return found

    step: Callable[..., Tensor] = tf.function(one_step)
    return step


def epochs_left(folder: Path, count: int, counter: str = "epoch", **kept: object) -> Iterator[int]:
    """Yield the numbers of the epochs that are left to do, from 0; after each, a checkpoint is written.

    Parameters
    ----------
    folder : path
        Of the checkpoints; where there is one, what is kept is set to it first.
    count : int
        Epochs of the whole training.
    counter : str, optional
        Name of the number of epochs done, in the checkpoint.
    **kept
        What goes into the checkpoint: model, optimiser and what else the training needs to go on.
    """
    import tensorflow as tf

    done = tf.Variable(0)
    saved = tf.train.CheckpointManager(tf.train.Checkpoint(**kept, **{counter: done}), str(folder), max_to_keep=1)
    saved.restore_or_initialize()
    for number in range(int(done), count):
        yield number
        done.assign_add(1)
        saved.save()


def made_ahead(
    pool: Executor, make: Callable[..., Made], arguments: Iterable[tuple[object, ...]], ahead: int
) -> Iterator[Made]:
    """Yield what is made of some arguments, in order, so many of them made while the one before is worked on."""
    waiting: deque[Future[Made]] = deque()
    for one in arguments:
        waiting.append(pool.submit(make, *one))
        if len(waiting) > ahead:
            yield waiting.popleft().result()
    while waiting:
        yield waiting.popleft().result()
