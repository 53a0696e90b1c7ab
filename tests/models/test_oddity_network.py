from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from models import oddity_network
from models.oddity_network import OddityNetwork, known_to, shipped
from models.train.oddity import fit
from schemas.errors import BackboneError


def network() -> OddityNetwork:
    rng = np.random.default_rng(0)
    return OddityNetwork(
        rng.normal(size=(4, 3)).astype(np.float32),
        rng.normal(size=3).astype(np.float32),
        rng.normal(size=3).astype(np.float32),
        np.float32(0.5) * np.ones((), np.float32),
        np.array(["a" * 64]),
    )


def test_it_is_one_hidden_layer_and_comes_back_from_its_file(tmp_path: Path) -> None:
    one = network()
    embeddings = np.random.default_rng(1).normal(size=(10, 4))
    expected = np.maximum(embeddings @ one.first + one.bias, 0) @ one.second + 0.5
    np.testing.assert_allclose(one.log_odds(embeddings), expected, rtol=1e-5)
    one.save(tmp_path / "one.npz")
    np.testing.assert_allclose(OddityNetwork.open(tmp_path / "one.npz").log_odds(embeddings), expected, atol=0.02)
    assert one.knows("a" * 64)
    assert not one.knows("b" * 64)


def test_the_one_that_ships_takes_the_backbones_features() -> None:
    one = shipped()
    assert one.first.shape[0] == 1280
    assert np.isfinite(one.log_odds(np.zeros((1, 1280)))).all()
    for digest in one.digests:
        found = known_to(str(digest))
        assert found is not None
        np.testing.assert_array_equal(found.first, one.first)
    assert known_to("b" * 64) is None


def test_other_weights_than_those_published_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(oddity_network, "FILE", tmp_path / "one.npz")
    with pytest.raises(BackboneError, match="missing"):
        shipped()
    network().save(tmp_path / "one.npz")
    with pytest.raises(BackboneError, match="sosia train oddity"):
        shipped()


def test_training_finds_what_sets_odd_ones_apart() -> None:
    rng = np.random.default_rng(0)
    ordinary, odd = rng.normal(size=(400, 260)), rng.normal(size=(400, 260))
    odd[:, :10] += 3.0
    trained = fit(ordinary[:300], odd[:300], ["a" * 64])
    right = [(trained.log_odds(ordinary[300:]) < 0).mean(), (trained.log_odds(odd[300:]) > 0).mean()]
    assert min(right) > 0.9
