from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

from models import streak_network, student
from models.simulate.streaks.population import TRAINING, faint
from models.simulate.streaks.stamps import draw_stamps
from models.streak_detector import WEIGHTS
from models.train.streak import Schedule, draw_shard, of_survey, streak_loss, train, turned


def test_the_loss_forgets_the_order_of_ends_and_the_ends_of_impostors() -> None:
    truth = tf.constant([[1.0, -0.5, 0.0, 0.5, 0.25]])
    found = tf.constant([[3.0, -0.5, 0.0, 0.5, 0.25]])
    swapped = tf.constant([[3.0, 0.5, 0.25, -0.5, 0.0]])
    wrong = tf.constant([[3.0, 0.5, 0.5, -0.5, 0.0]])
    assert float(streak_loss(found, truth)) == pytest.approx(float(np.log1p(np.exp(-3.0))))
    assert float(streak_loss(swapped, truth)) == pytest.approx(float(streak_loss(found, truth)))
    # A quarter of half a window is 8 px: one eighth of the window; five times its square.
    assert float(streak_loss(wrong, truth) - streak_loss(found, truth)) == pytest.approx(5 * 0.125**2)
    impostor = tf.constant([[0.0, 0.0, 0.0, 0.0, 0.0]])
    assert float(streak_loss(found, impostor)) == pytest.approx(float(streak_loss(found[:, :1], impostor)))


@pytest.mark.parametrize("turn", range(8))
def test_stamps_and_ends_turn_together(turn: int) -> None:
    half, middle = streak_network.SIDE / 2, (streak_network.SIDE - 1) / 2
    ends = np.array([10, 20, 50, 33])
    image = np.zeros((1, 64, 64, 1), np.float16)
    image[0, ends[1::2], ends[::2], 0] = 1.0
    truth = np.array([[1.0, *(ends - middle) / half]], np.float32)
    images, turned_truth = turned((image, truth), turn)
    places = np.rint(turned_truth[0, 1:] * half + middle).astype(int)
    assert images[0, places[1], places[0], 0] == 1.0
    assert images[0, places[3], places[2], 0] == 1.0


def test_dark_streaks_are_no_streaks_to_the_network() -> None:
    _, truth = draw_shard(0, 200)
    drawn = draw_stamps(TRAINING, 200)
    np.testing.assert_array_equal(truth[:, 0] == 1, drawn.streak & (drawn.polarity > 0))
    assert np.abs(truth[:, 1:]).max() <= 1.01


def test_widths_are_told_with_an_error_or_not_at_all() -> None:
    images, _ = draw_shard(0, 200)
    told, true = images[:, 0, 0, 1].astype(np.float32), draw_stamps(TRAINING, 200).fwhm
    assert (told == 0).mean() == pytest.approx(0.32, abs=0.1)
    errors = np.abs(np.log((told / true)[told > 0]))
    assert 0.05 < np.median(errors) < 0.15
    assert np.quantile(errors, 0.95) > 0.3  # some are told wrong


def test_training_is_taken_up_where_it_stopped(tmp_path: Path) -> None:
    seen: list[tuple[int, float, float]] = []

    def note(epoch: int, loss: float, unseen: float) -> None:
        seen.append((epoch, loss, unseen))

    few = {"shards": 1, "shard": 128, "passes": 1, "batch": 64, "processes": 1}
    train(1, Schedule(epochs=1, **few), tmp_path, note)
    model = train(1, Schedule(epochs=2, **few), tmp_path, note)
    assert [epoch for epoch, *_ in seen] == [1, 2]
    assert np.isfinite([loss for _, *losses in seen for loss in losses]).all()
    student.save(model, tmp_path / "one.h5")
    again = streak_network.build(1)
    again.load_weights(str(tmp_path / "one.h5"))
    images = draw_shard(5, 8)[0].astype(np.float32)
    np.testing.assert_allclose(again(images).numpy(), model(images).numpy(), atol=0.02)


def test_training_goes_on_from_other_weights(tmp_path: Path) -> None:
    start = WEIGHTS.load_into(streak_network.build)
    lowest: list[float] = []

    def note(epoch: int, loss: float, unseen: float) -> None:
        lowest.append(unseen)

    euclid = of_survey(TRAINING, "euclid")
    few = Schedule(epochs=1, shards=1, shard=128, passes=1, batch=64, processes=1, rate=1e-6)
    train(5, few, tmp_path, note, euclid, start)
    images, truth = draw_shard(900_000_000, 128, euclid)  # as the training validates on
    untrained = float(streak_loss(start(images.astype(np.float32)), tf.constant(truth)))
    assert lowest[0] == pytest.approx(untrained, abs=0.1)


def test_faint_trails_and_impostors_are_drawn_apart_from_the_others() -> None:
    drawn, usual = draw_stamps(faint(TRAINING), 60), draw_stamps(TRAINING, 60)
    assert 4.5 <= drawn.snr[drawn.streak].min() <= drawn.snr[drawn.streak].max() <= 12.0
    assert np.abs(drawn.beneath[drawn.streak]).mean() < np.abs(usual.beneath[usual.streak]).mean()


def test_one_surveys_stamps_alone_are_drawn() -> None:
    assert set(draw_stamps(of_survey(TRAINING, "kids"), 20).survey) == {"kids"}
    assert len(set(draw_stamps(of_survey(TRAINING, None), 40).survey)) == 4
