from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from models.router import Router
from models.router_network import classes_of
from models.simulate.mix.draw import CLASS_OF, ORDINARY, Drawn, draw
from models.simulate.mix.frozen import FIRST, Part
from models.train.router import Schedule, _losses, _taught, _together, train
from models.train.router_calibration import accepted_scores, calibrate
from models.train.router_set import draw_shard, open_shard


def all_of_them(_source: str, shard: Path) -> np.ndarray:
    return np.where(open_shard(shard).positive, 4.0, -4.0).astype(np.float32)


@pytest.mark.parametrize("source", ["streak", "merger", *ORDINARY])
def test_the_same_numbers_give_the_same_stamps_and_other_parts_others(source: str) -> None:
    one, again, other = (draw(source, part, 0, 128, 0.5) for part in (Part.TEST, Part.TEST, Part.CALIBRATION))
    np.testing.assert_array_equal(one.images, again.images)
    assert not np.array_equal(np.nan_to_num(one.images), np.nan_to_num(other.images))
    assert one.positive.any() == (source in CLASS_OF)
    assert np.isfinite(one.images).mean() > 0.2


def test_a_shard_keeps_the_widths_that_the_streak_network_asks_for(tmp_path: Path) -> None:
    shard = open_shard(draw_shard(tmp_path, "streak", Part.TEST, 0, 0.5))
    assert shard.fwhm is not None
    assert 1.0 < shard.fwhm.min() < shard.fwhm.max() < 8.0
    assert draw("merger", Part.TEST, 0, 128, 0.5).fwhm is None


def test_parts_start_at_whole_batches() -> None:
    assert all(first % 128 == 0 for first in FIRST.values())


def stamps(kinds: list[str]) -> Drawn:
    images = np.random.default_rng(1).standard_normal((len(kinds), 64, 64)).astype(np.float16)
    positive = np.array([kind in {"lens", "streak"} for kind in kinds])
    return Drawn(images, positive, np.array(kinds), np.full(len(kinds), np.nan, np.float32))


def test_an_output_follows_its_network_on_its_own_stamps_and_the_truth_on_others() -> None:
    drawn = stamps(["lens", "lens", "spiral", "merger"])
    taught = _taught("lens", drawn, np.array([2.0, -1.0, 1.0, -3.0], np.float32), 4.0)
    lens, merger = (classes_of("host").index(name) for name in ("lens", "merger"))
    assert taught.fwhm is None
    assert taught.truth[:, lens].tolist() == [1, 0, 0, 0]
    assert taught.margin[:, lens].tolist() == [2, -1, 1, -3]
    assert np.isnan(taught.margin[:, merger]).all()
    assert taught.weight[:, merger].tolist() == [1, 1, 1, 0]
    difference = replace(stamps(["star", "star"]), fwhm=np.array([2.5, np.nan], np.float32))
    taught = _taught(ORDINARY[0], difference, np.full(2, np.nan, np.float32), 4.0)
    assert taught.weight.tolist() == [[4], [4]]
    assert taught.fwhm is not None
    assert taught.fwhm.tolist() == [2.5, 0]


def test_falling_short_of_a_network_that_accepts_weighs_most_and_being_surer_than_sure_nothing() -> None:
    odds = np.array([1.0, 3.0, 9.0, -9.0, -1.0, 0.0], np.float32)
    truth = np.array([1, 1, 1, 0, 0, 0], np.float32)
    margin = np.array([2.0, 2.0, 8.0, -7.0, -2.0, np.nan], np.float32)
    known = np.where(truth > 0, 99.0, -99.0)  # that it is accepted, it tells by the other output
    losses = _losses(*(np.float32(one) for one in (np.stack([known, odds], 1), truth[:, None], margin[:, None])), 60.0)
    np.testing.assert_allclose(losses[:, 0], [20.0 / 3.0, 0.5, 0.0, 0.0, 0.5, np.log(2.0)], rtol=1e-5)


def test_missing_a_positive_costs_as_much_as_letting_sixty_others_pass() -> None:
    outputs, margin = np.zeros((2, 2), np.float32), np.zeros((2, 1), np.float32)
    positive, other = _losses(outputs, np.array([[1], [0]], np.float32), margin, 60.0).numpy()[:, 0]
    assert positive == pytest.approx(60 * other)
    assert other > 0


def test_in_training_class_network_and_router_are_told_widths_with_the_same_errors() -> None:
    told, true = (draw("streak", part, 0, 256, 0.5).fwhm for part in (Part.TRAINING, Part.TEST))
    assert told is not None
    assert true is not None
    assert 0.1 < np.isnan(told).mean() < 0.3
    assert np.isfinite(true).all()
    ordinary = draw(ORDINARY[0], Part.TEST, 0, 128, 0.0).fwhm
    assert ordinary is not None
    assert 1.0 < ordinary.min() < ordinary.max() < 8.0


def test_hosts_have_the_sides_that_alerts_have() -> None:
    drawn = draw("merger", Part.TRAINING, 0, 128, 0.5)
    sides = np.isfinite(drawn.images).any(axis=2).sum(axis=1)
    assert set(sides[drawn.pixel_scale > 0.9]) == {63}
    assert 64 <= sides[drawn.pixel_scale < 0.9].min() < sides.max() <= 96


def test_it_learns_and_its_threshold_misses_none_of_the_calibration(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    drawn = stamps(128 * ["streak"] + 128 * ["star"])
    drawn.images[:128, 30:33] += 3
    taught = _taught("streak", drawn, np.where(drawn.positive, 4.0, -4.0).astype(np.float32), 4.0)
    told: list[int] = []
    schedule = Schedule(epochs=10, batch=32, missed=1.0)
    model = train({"difference": taught}, schedule, tmp_path / "checkpoints", lambda epoch, _loss: told.append(epoch))
    assert told == list(range(1, 11))
    train({"difference": taught}, schedule, tmp_path / "checkpoints", lambda epoch, _loss: told.append(epoch))
    assert told == list(range(1, 11))  # nothing was left to do
    router = Router(model)
    scores = router.look(list(drawn.images.astype(np.float32)), "difference", drawn.fwhm)[:, 0]
    assert np.median(scores[drawn.positive]) > np.median(scores[~drawn.positive])
    monkeypatch.setattr("models.train.router_set.SHARD", 128)
    found = calibrate("streak", router, all_of_them, tmp_path, 200, lambda *_: None)
    assert found.accepted == 256
    again = [
        accepted_scores(router, all_of_them, "streak", draw_shard(tmp_path, "streak", Part.CALIBRATION, n, 1.0))[:, 0]
        for n in range(2)
    ]
    assert found.score == pytest.approx(np.min(again), rel=1e-4)


def test_sets_of_one_image_are_put_together() -> None:
    nothing = np.full(2, np.nan, np.float32)
    hosts = [_taught(source, stamps(["star", "merger"]), nothing, 4.0) for source in (ORDINARY[1], "merger")]
    whole = _together(hosts)
    assert (len(whole.windows), whole.fwhm) == (4, None)
    np.testing.assert_array_equal(whole.weight, [[4, 4], [4, 0], [1, 1], [1, 1]])
