from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import pytest

from consumers.train_epochs import BrokerComparison
from models import epoch_network
from models.epoch_network import PLANES, SIDE, EpochNetwork, load_epoch_network
from models.student import save
from models.train.epoch_set import EpochSet, make_epoch_set
from models.train.epochs import Schedule, train_epoch_network
from models.weights import BUNDLED_FILE
from schemas.errors import BackboneError

if TYPE_CHECKING:
    from pathlib import Path


def planes(count: int, seed: int = 1) -> np.ndarray:
    return np.random.default_rng(seed).normal(0.0, 0.3, (count, SIDE, SIDE, PLANES)).astype(np.float32)


@dataclass
class Calls:
    number: int = 0

    def __call__(self, *_: object) -> None:
        self.number += 1


def test_it_learns_what_it_is_shown_and_folding_changes_nothing(tmp_path: Path) -> None:
    images = planes(256)
    faulty = np.arange(256) % 2 == 1
    images[faulty, 20:24, :, 2] += 2.0
    data = EpochSet(images.astype(np.float16), np.where(faulty, "trail", ""))
    told = Calls()
    model = train_epoch_network(data, Schedule(passes=6, batch=32), tmp_path / "checkpoints", told)
    assert told.number == 6
    log_odds = EpochNetwork(model, 100).log_odds(images)  # a last pass that is not full
    assert log_odds[faulty].min() > log_odds[~faulty].max()
    save(model, tmp_path / "weights.h5")
    loaded = load_epoch_network(tmp_path / "weights.h5").log_odds(images)
    np.testing.assert_allclose(loaded, log_odds, atol=0.05)


def test_a_training_that_was_broken_off_goes_on(tmp_path: Path) -> None:
    data = EpochSet(planes(64).astype(np.float16), np.full(64, ""))
    train_epoch_network(data, Schedule(passes=1, batch=32), tmp_path, Calls())
    told = Calls()
    train_epoch_network(data, Schedule(passes=3, batch=32), tmp_path, told)
    assert told.number == 2


def test_shards_are_drawn_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("models.train.epoch_set.EPOCHS_A_SHARD", 8)  # inherited by nobody: drawn here, not in processes
    from models.train import epoch_set

    comparison = BrokerComparison()
    file = tmp_path / f"epochs-{comparison.digest[:12]}-5-0000.npz"
    epoch_set._draw(0, file, comparison=comparison, seed=5)
    written = file.stat().st_mtime_ns
    told = Calls()
    data = make_epoch_set(tmp_path, range(1), comparison, 5, told, 1)
    assert (told.number, file.stat().st_mtime_ns) == (1, written)
    assert data.planes.shape[1:] == (SIDE, SIDE, PLANES)
    assert 0 < data.faulty.sum() < len(data.planes)


def test_the_bundled_weights_are_checked(monkeypatch: pytest.MonkeyPatch) -> None:
    assert np.isfinite(load_epoch_network().log_odds(planes(3))).all()
    monkeypatch.setattr(epoch_network, "WEIGHTS", replace(epoch_network.WEIGHTS, sha256="0" * 64))
    with pytest.raises(BackboneError, match="sha256"):
        load_epoch_network()


def test_other_weights_are_refused(tmp_path: Path) -> None:
    with pytest.raises(BackboneError, match="missing"):
        load_epoch_network(tmp_path / "missing.h5")
    with pytest.raises(BackboneError, match="of another network"):
        load_epoch_network(BUNDLED_FILE)
