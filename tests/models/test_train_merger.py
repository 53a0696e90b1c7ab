from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from models import merger_network, student
from models.merger_finder import MergerFinder, load
from models.train.merger import Schedule, best_threshold, train, validation
from models.train.merger_set import draw_set, seen_anew, shard_file
from models.train.merger_transfer import backbone_features, figures_of, train_head, vgg19_features
from schemas.errors import BackboneError

FEW = Schedule(shards=3, shard=128, epochs=1, passes=1, batch=64, processes=1)


@pytest.fixture(scope="module")
def work(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("merger")
    draw_set(folder, FEW.shards, FEW.shard, 1, lambda shards: None)
    return folder


def test_shards_are_drawn_once(work: Path) -> None:
    before = [shard_file(work, one).stat().st_mtime_ns for one in range(3)]
    seen: list[int] = []
    draw_set(work, FEW.shards, FEW.shard, 1, seen.append)
    assert seen == [3]
    assert [shard_file(work, one).stat().st_mtime_ns for one in range(3)] == before


def test_a_shard_looks_new_every_time_and_the_same_for_a_seed(work: Path) -> None:
    (first, labels), (again, _), (other, _) = (seen_anew(work, 0, seed) for seed in (1, 1, 2))
    np.testing.assert_array_equal(first, again)
    assert np.abs(first.astype(np.float32) - other).mean() > 0.02
    assert np.isfinite(first.astype(np.float32)).all()
    assert 0.3 < labels.mean() < 0.7


def test_each_shard_of_an_epoch_has_noise_and_looks_of_its_own(work: Path, tmp_path: Path) -> None:
    for number in (0, 1):
        shutil.copy(shard_file(work, 0), shard_file(tmp_path, number))
    (first, _), (second, _) = (seen_anew(tmp_path, number, 1) for number in (0, 1))
    assert np.abs(first.astype(np.float32) - second).mean() > 0.02


def test_training_is_taken_up_where_it_stopped(work: Path, tmp_path: Path) -> None:
    seen: list[tuple[int, float, float]] = []

    def note(*epoch: float) -> None:
        seen.append((int(epoch[0]), *epoch[1:]))

    train(FEW, work, lambda shards: None, note)
    model = train(replace(FEW, epochs=2), work, lambda shards: None, note)
    assert [epoch for epoch, *_ in seen] == [1, 2]
    assert np.isfinite([loss for _, *losses in seen for loss in losses]).all()
    student.save(model, tmp_path / "one.h5")
    windows, _ = validation(work, FEW)
    np.testing.assert_allclose(
        load(tmp_path / "one.h5").odds(windows[:8]), MergerFinder(model).odds(windows[:8]), atol=0.02
    )


def test_a_head_learns_from_features_that_tell(work: Path) -> None:
    """Were the label itself a feature, nothing would be wrong."""
    known = {windows.tobytes(): labels for windows, labels in (seen_anew(work, 0, 0),)}
    windows, truth = validation(work, FEW)
    known[windows.astype(np.float16).tobytes()] = truth

    def features(images: np.ndarray) -> np.ndarray:
        labels = known[images.astype(np.float16).tobytes()]
        return np.stack([labels, np.linspace(0, 1, len(labels))], axis=1).astype(np.float32)

    loss, accuracy = train_head(features, FEW, work, lambda shards: None)
    assert accuracy > 0.95
    assert loss < 0.5


def test_the_best_threshold_has_the_fewest_errors() -> None:
    scores, merger = np.array([0.1, 0.2, 0.35, 0.4, 0.8, 0.9]), np.array([0, 0, 1, 0, 1, 1], bool)
    threshold = best_threshold(scores, merger)
    assert ((scores > threshold) != merger).sum() == 1
    assert best_threshold(scores, np.ones(6, bool)) < 0.1
    assert best_threshold(scores, np.zeros(6, bool)) > 0.9


def test_certain_and_right_is_a_small_loss() -> None:
    truth = np.array([0, 1, 0, 1] * 10, np.float32)
    assert figures_of(20 * truth - 10, truth) == (pytest.approx(0.0, abs=1e-3), 1.0)


def test_the_networks_input_is_as_the_training_shows_it(work: Path) -> None:
    windows, _ = seen_anew(work, 0, 3)
    assert windows.shape == (128, merger_network.SIDE, merger_network.SIDE, merger_network.CHANNELS)


def test_without_its_weights_vgg19_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    def unreachable(**_: object) -> None:
        raise Exception("URL fetch failure")  # noqa: TRY002 - what Keras raises

    monkeypatch.setattr("tf_keras.applications.vgg19.VGG19", unreachable)
    with pytest.raises(BackboneError, match="--features backbone"):
        vgg19_features()


def test_the_bundled_backbones_features_tell_stamps_apart(work: Path) -> None:
    windows, _ = validation(work, FEW)
    features = backbone_features()(windows[:4])
    assert features.shape == (4, 1280)
    assert np.abs(features[0] - features[1]).max() > 0.1
