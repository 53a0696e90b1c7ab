"""Transfer of the streak network: one survey's trails after another's."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from models import streak_network
from models.batched import Batched
from models.simulate.streaks.population import TEST, TRAINING
from models.simulate.streaks.stamps import draw_stamps
from models.train.streak import draw_shard, of_survey, training_step, turned
from models.train.transfer import Start, Task

if TYPE_CHECKING:
    from collections.abc import Callable

    from tf_keras import Model

    from models.train.streak import Shard

#: Stamps of the survey that is learned first.
SOURCE_STAMPS = 60_000
#: Stamps of the other survey on which all are compared, and the signal-to-noise ratio above which trails count.
TEST_STAMPS, CLEAR = 4000, 8.0
MEASURE = "recall above S/N 8, one in a hundred impostors passing"
_FALSE_POSITIVES = 0.01
_TEST_FIRST, _STAMPS_FIRST = 600_000_000, 1_000_000
_BATCH = 64


@dataclass(frozen=True, slots=True)
class Lesson:
    """How a network is trained on few stamps: each is seen `passes` / sqrt(n / 100) times, turned and mirrored."""

    passes: float
    rate: float = 1e-3


#: What starts from nothing has more to learn, and is given three times as long.
SOURCE, FIRST, FURTHER = Lesson(80.0), Lesson(60.0), Lesson(20.0)


def streak_transfer(source: str, target: str, stamps: int = SOURCE_STAMPS) -> Task[Shard, Model]:
    """Learn trails of one survey, and set the task to learn another's.

    Parameters
    ----------
    source, target : str
        Keys of `models.simulate.profiles.PROFILES`.
    stamps : int
        Of the source.
    """
    import tf_keras

    population = of_survey(TRAINING, target)
    unseen = draw_stamps(of_survey(TEST, target), TEST_STAMPS, _TEST_FIRST)
    windows = streak_network.prepare(list(unseen.images), unseen.fwhm)
    clear = unseen.streak & (unseen.snr >= CLEAR)

    def scratch(seed: int) -> Model:
        tf_keras.utils.set_random_seed(seed)
        return streak_network.build(normalised=True)

    known = scratch(0)
    fit(known, draw_shard(0, stamps, of_survey(TRAINING, source)), 0, SOURCE)
    weights = known.get_weights()

    def transferred(seed: int) -> Model:
        model = scratch(seed)
        model.set_weights(weights)
        return model

    def make(count: int, seed: int) -> Shard:
        return draw_shard((1 + seed) * _STAMPS_FIRST, count, population)

    def score(model: Model) -> float:
        odds = Batched(streak_network.fold(model), 256)(windows)[:, 0]
        threshold = np.quantile(odds[~unseen.streak], 1.0 - _FALSE_POSITIVES, method="higher")
        return float((odds[clear] > threshold).mean())

    def lesson(one: Lesson) -> Callable[[Model, Shard, int], Model]:
        return lambda model, shard, seed: fit(model, shard, seed, one)

    return Task(make, Start(transferred, lesson(FURTHER)), Start(scratch, lesson(FIRST)), score)


def fit(model: Model, shard: Shard, seed: int, lesson: Lesson) -> Model:
    """Train a network on some stamps, its rate falling as a cosine."""
    import tf_keras

    count = len(shard[0])
    rng = np.random.default_rng(seed)
    passes = max(round(lesson.passes / math.sqrt(count / 100)), 1)
    steps = passes * max(count // _BATCH, 1)
    rate = tf_keras.optimizers.schedules.CosineDecay(lesson.rate, steps)
    optimiser = tf_keras.optimizers.AdamW(rate, weight_decay=1e-3, global_clipnorm=1.0)
    optimiser.build(model.trainable_variables)
    step = training_step(model, optimiser)
    for _ in range(passes):
        images, truth = turned(shard, int(rng.integers(8)))
        order = rng.permutation(count)
        for start in range(0, max(count // _BATCH, 1) * _BATCH, _BATCH):
            part = order[start : start + _BATCH]
            step(images[part], truth[part])
    return model
