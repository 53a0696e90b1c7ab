from __future__ import annotations

from concurrent.futures import Future
from typing import TYPE_CHECKING, Any, Self

import numpy as np
import pytest

from consumers.train_backbone import BrokerPreparation
from models.simulate import morphology
from models.simulate.blemishes import KINDS, blemish
from models.train import distillation_set
from models.train.agreement import agreement
from models.train.distil import Schedule, distil
from models.train.distillation_set import DistillationSet, make_shards
from models.train.scenes import FORMATS
from models.train.stamps import draw_pair

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from models.train.stamps import DrawnPair

RANDOM = np.random.default_rng(9)


class MeanTeacher:
    """Features that a small network can learn: brightness here and there."""

    digest = "0" * 64
    input_size = 32

    def __init__(self) -> None:
        self.embedded = 0

    def embed(self, images: NDArray[np.float32]) -> NDArray[np.float32]:
        self.embedded += len(images)
        return np.tile(images[:, ::4, ::4].mean(axis=-1).reshape(len(images), -1) / 255.0, 20)


def drawn(count: int, seed: int = 3) -> Sequence[DrawnPair]:
    return [draw_pair(np.random.default_rng([seed, number])) for number in range(count)]


def test_pairs_repeat_for_their_seed_and_cover_every_format() -> None:
    first, again, other = drawn(150), drawn(150), drawn(150, seed=4)
    assert {pair.format for pair in first} == set(FORMATS)
    for one, same in zip(first, again, strict=True):
        np.testing.assert_array_equal(one.science, same.science)
    assert not any(np.array_equal(a.science, b.science) for a, b in zip(first, other, strict=True))


def test_nearly_every_drawn_stamp_is_usable_in_its_sky_frame() -> None:
    pairs = drawn(150)
    stretched = BrokerPreparation().stretched(pairs)
    assert np.mean([science is not None for science, _ in stretched]) > 0.95
    for pair, images in zip(pairs, stretched, strict=True):
        for image in images:
            if image is not None:
                assert image.shape[-2:] == (FORMATS[pair.format].frame_side,) * 2
                assert image.min() >= 0.0
                assert image.max() <= 1.0
    assert {len(pair.science) for pair in pairs} >= {1, 3}


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_every_blemish_shows(kind: str) -> None:
    image = RANDOM.standard_normal((40, 40)) + 20 * morphology.galaxy(40, 19, 21, 6, RANDOM) * 36
    before = image.copy()
    shown = [blemish(image, np.random.default_rng(seed), 3.0, kind) for seed in range(20)]
    np.testing.assert_array_equal(image, before)  # never in place
    assert all(one.shape == image.shape for one in shown)
    assert np.mean([not np.array_equal(one, image) for one in shown]) > 0.8
    lost = np.mean([np.isnan(one).mean() for one in shown])
    assert (lost > 0) == (kind in {"detector edge", "lost pixels"})


def test_galaxies_have_unit_flux_at_their_place() -> None:
    for seed in range(30):
        light = morphology.galaxy(80, 39.0, 41.0, 6.0, np.random.default_rng(seed))
        assert light.min() >= 0.0
        assert light.sum() == pytest.approx(1.0)
        rows, columns = np.mgrid[:80, :80]
        assert abs((light * columns).sum() - 39.0) < 6.0
        assert abs((light * rows).sum() - 41.0) < 6.0


def test_shards_are_made_once_and_each_image_keeps_its_features(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(distillation_set, "ProcessPoolExecutor", InThisProcess)
    monkeypatch.setattr(distillation_set, "PAIRS_A_SHARD", 20)
    teacher, told = MeanTeacher(), []

    def made(shards: range) -> DistillationSet:
        parts = make_shards(tmp_path, shards, teacher, BrokerPreparation(), 1, lambda: told.append(1))
        return DistillationSet.joined(list(parts))

    one = made(range(1))
    assert teacher.embedded == len(one.images)
    both = made(range(2))
    assert teacher.embedded == len(both.images) > len(one.images)
    assert len(told) == 3
    np.testing.assert_array_equal(both.images[: len(one.images)], one.images)
    assert len(set(zip(both.pair.tolist(), both.science.tolist(), strict=True))) == len(both.images)
    bright = both.images.mean(axis=(1, 2, 3)) / 255.0
    assert np.corrcoef(bright, both.features.astype(float).mean(axis=1))[0, 1] > 0.95


class InThisProcess:
    """As much of a pool as is asked for; the patched size of a shard would not reach another process."""

    def __init__(self, *_: object) -> None:
        pass

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def submit(self, call: Callable[..., Any], *arguments: Any) -> Future[Any]:
        future: Future[Any] = Future()
        future.set_result(call(*arguments))
        return future


@pytest.fixture(scope="module")
def small_set() -> DistillationSet:
    images = RANDOM.integers(0, 255, (64, 4, 4, 3)).repeat(16, axis=1).repeat(16, axis=2).astype(np.uint8)
    features = np.tile(images[:, ::16, ::16].reshape(64, -1)[:, :40] / 255.0, 32).astype(np.float16)
    pair, science = np.repeat(np.arange(32, dtype=np.int32), 2), np.tile([True, False], 32)
    return DistillationSet(images, features, pair, science, np.zeros(64, np.int8))


def test_a_student_learns_and_a_broken_off_run_goes_on(small_set: DistillationSet, tmp_path: Path) -> None:
    losses: dict[int, float] = {}
    distil(small_set, Schedule(epochs=3, pairs=16), tmp_path, losses.__setitem__)
    assert list(losses) == [1, 2, 3]
    model = distil(small_set, Schedule(epochs=12, pairs=16), tmp_path, losses.__setitem__)
    assert list(losses) == list(range(1, 13))  # the first three were not repeated
    assert losses[12] < 0.7 * losses[1]
    assert model(small_set.images[:2].astype(np.float32)).shape == (2, 1280)


def test_a_network_agrees_with_itself_and_not_with_noise() -> None:
    features = RANDOM.normal(size=(2, 60, 30)).astype(np.float32)
    same = agreement((features[0], features[1]), (3 * features[0] + 1, 3 * features[1] + 1))
    assert same.cosine.value == pytest.approx(1.0)
    assert same.spearman.value == pytest.approx(1.0)
    assert same.neighbours.value == 10.0
    noise = RANDOM.normal(size=(2, 60, 30)).astype(np.float32)
    other = agreement((features[0], features[1]), (noise[0], noise[1]))
    assert other.cosine.low < 0.0 < other.cosine.high
    assert other.spearman.low < 0.0 < other.spearman.high
    assert other.neighbours.value == pytest.approx(10 * 10 / 59, abs=0.7)
