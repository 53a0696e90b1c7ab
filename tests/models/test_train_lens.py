from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

from models import lens_network, student
from models.lens_finder import load
from models.lens_network import FORMS
from models.simulate.lenses.population import TRAINING
from models.simulate.lenses.stamps import draw_stamps
from models.train.lens import Schedule, draw_training_set, lens_loss, log_content, train
from models.train.lens_views import as_picture, view


def test_the_loss_counts_the_content_of_lenses_alone() -> None:
    truth = tf.constant([[1.0, 2.0], [0.0, 0.0]])
    exact, off = tf.constant([[0.0, 2.0], [0.0, 3.0]]), tf.constant([[0.0, 1.0], [0.0, 0.0]])
    assert float(lens_loss(exact, truth)) == pytest.approx(np.log(2.0))
    assert float(lens_loss(off, truth)) == pytest.approx(np.log(2.0) + 0.3 / 2)


def test_invisible_arcs_have_no_content() -> None:
    np.testing.assert_allclose(log_content(np.array([np.nan, 0.0, 0.5, 100.0])), [0.0, 0.0, 0.0, 2.0])


@pytest.mark.parametrize("name", FORMS)
def test_views_have_the_form_that_the_network_takes(name: str) -> None:
    form = FORMS[name]
    images = draw_stamps(TRAINING[form.sky], 12, noisy=False).images
    seen = view(np.random.default_rng(1), images, form)
    assert seen.shape == (12, form.bands, form.side, form.side)
    again = view(np.random.default_rng(1), images, form)
    np.testing.assert_array_equal(seen, again)
    assert np.isfinite(lens_network.prepare(seen)).all()
    assert np.isfinite(seen).any(axis=(-3, -2, -1)).all()


def test_a_picture_has_256_steps_and_keeps_the_order() -> None:
    rng = np.random.default_rng(4)
    image = 30 * rng.random((3, 20, 20)).astype(np.float32)
    for _ in range(6):
        picture = as_picture(rng, image)
        assert picture.min() >= 0
        assert picture.max() <= 255
        np.testing.assert_array_equal(picture, np.rint(picture))
        assert np.corrcoef(picture.ravel(), image.ravel())[0, 1] > 0.6


def test_training_is_taken_up_where_it_stopped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lens_network, "BLOCKS", (1, 1, 1))  # a small graph is traced in a moment
    told: list[tuple[int, float, float]] = []

    def note(epoch: int, loss: float, unseen: float) -> None:
        told.append((epoch, loss, unseen))

    few = {"shards": 1, "shard": 64, "batch": 32, "processes": 1}
    drawn: list[None] = []
    draw_training_set("ground", Schedule(**few), tmp_path, lambda: drawn.append(None))
    assert len(drawn) == 2
    train("ground", 0, Schedule(epochs=1, **few), tmp_path, note)
    model = train("ground", 0, Schedule(epochs=2, **few), tmp_path, note)
    assert [epoch for epoch, *_ in told] == [1, 2]
    assert np.isfinite([losses for _, *losses in told]).all()
    student.save(model, tmp_path / "one.h5")
    finder = load("ground", [tmp_path / "one.h5"])
    (look,) = finder.look([np.random.default_rng(1).standard_normal((30, 30)).astype(np.float32)], 0.2)
    assert 0 <= look.score <= 1
