from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from models import router_network
from models.router import Router
from models.router_network import CLASSES
from models.simulate.mix.draw import CLASS_OF, ORDINARY, Drawn, draw
from models.simulate.mix.frozen import FIRST, Part
from models.train.router import RouterSet, Schedule, _taught, accepted_scores, calibrate, train


def all_of_them(_source: str, drawn: Drawn) -> np.ndarray:
    return drawn.positive


@pytest.mark.parametrize("source", ["streak", "merger", *ORDINARY])
def test_the_same_numbers_give_the_same_stamps_and_other_parts_others(source: str) -> None:
    one, again, other = (draw(source, part, 0, 128, 0.5) for part in (Part.TEST, Part.TEST, Part.CALIBRATION))
    np.testing.assert_array_equal(one.images, again.images)
    assert not np.array_equal(np.nan_to_num(one.images), np.nan_to_num(other.images))
    assert one.positive.any() == (source in CLASS_OF)
    assert np.isfinite(one.images).mean() > 0.2


def test_parts_start_at_whole_batches() -> None:
    assert all(first % 128 == 0 for first in FIRST.values())


def stamps(kinds: list[str]) -> Drawn:
    images = np.random.default_rng(1).standard_normal((len(kinds), 64, 64)).astype(np.float16)
    positive = np.array([kind in {"lens", "streak"} for kind in kinds])
    return Drawn(images, positive, np.array(kinds), np.full(len(kinds), np.nan, np.float32))


def test_an_output_is_asked_only_of_its_image_and_of_what_its_network_accepts() -> None:
    def first_only(_source: str, drawn: Drawn) -> np.ndarray:
        return np.arange(len(drawn.positive)) == 0

    taught = _taught("lens", stamps(["lens", "lens", "spiral", "merger"]), first_only, 15.0)
    streak, lens, merger = (CLASSES.index(name) for name in ("streak", "lens", "merger"))
    assert not taught.weight[:, streak].any()
    assert taught.truth[:, lens].tolist() == [1, 0, 0, 0]
    assert taught.weight[:, lens].tolist() == [15, 0, 1, 1]
    assert taught.weight[:, merger].tolist() == [1, 1, 1, 0]
    difference = _taught(ORDINARY[0], stamps(["star"]), first_only, 15.0)
    assert difference.weight.tolist() == [[1, 0, 0]]


def test_it_learns_and_its_threshold_misses_none_of_the_calibration(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    drawn = draw("streak", Part.TRAINING, 0, 512, 0.5)
    taught = _taught("streak", drawn, all_of_them, 3.0)
    told: list[int] = []
    schedule = Schedule(epochs=4, batch=64)
    model = train(taught, schedule, tmp_path / "checkpoints", lambda epoch, _loss: told.append(epoch))
    assert told == [1, 2, 3, 4]
    train(taught, schedule, tmp_path / "checkpoints", lambda epoch, _loss: told.append(epoch))
    assert told == [1, 2, 3, 4]  # nothing was left to do
    router = Router(model)
    scores = router.look(list(drawn.images.astype(np.float32)), "difference")[:, 0]
    assert np.median(scores[drawn.positive]) > np.median(scores[~drawn.positive])
    monkeypatch.setattr("models.train.router._CALIBRATION", dict.fromkeys(CLASSES, ("streak",)))
    monkeypatch.setattr("models.train.router_set.SHARD", 128)
    found = calibrate(router, all_of_them, tmp_path, 200, lambda *_: None)
    threshold, count = found["streak"]
    assert count == 256
    again = [
        accepted_scores(router, all_of_them, "streak", draw("streak", Part.CALIBRATION, start, 128, 1.0))[:, 0].min()
        for start in (0, 128)
    ]
    assert threshold == pytest.approx(min(again), rel=1e-4)


def test_a_set_keeps_its_parts_together() -> None:
    assert RouterSet.__slots__ == ("windows", "truth", "weight")
    assert router_network.IMAGE_OF.keys() == set(CLASSES)
