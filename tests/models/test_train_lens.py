from __future__ import annotations

from pathlib import Path
from typing import cast

import numpy as np
import pytest
import tensorflow as tf

from models import lens_network, student
from models.lens_finder import LensFinder, LensLook, load
from models.lens_network import FORMS
from models.simulate.lenses.frozen import calibration_stamps
from models.simulate.lenses.population import TRAINING
from models.simulate.lenses.stamps import draw_stamps
from models.train.lens import CONTENT, Schedule, batches, calibrate, draw_training_set, lens_loss, log_content, train
from models.train.lens_set import LensShard, names, unseen
from models.train.lens_views import as_picture, view


def test_the_loss_counts_the_content_of_lenses_alone() -> None:
    truth = tf.constant([[1.0, 2.0], [0.0, 0.0]])
    exact, off = tf.constant([[0.0, 2.0], [0.0, 3.0]]), tf.constant([[0.0, 1.0], [0.0, 0.0]])
    assert float(lens_loss(exact, truth)) == pytest.approx(np.log(2.0))
    # Half of the batch, and as it is held for a lens by half.
    assert float(lens_loss(off, truth)) == pytest.approx(np.log(2.0) + CONTENT / 4)


def test_a_lens_is_not_hidden_to_spare_its_content() -> None:
    truth, found = tf.constant([[1.0, 2.0]]), tf.Variable([[0.3, 0.0]])
    with tf.GradientTape() as tape:
        loss = lens_loss(found, truth)
    assert float(tape.gradient(loss, found)[0, 0]) == pytest.approx(-1 / (1 + np.exp(0.3)), rel=1e-5)


def test_an_eighth_of_the_training_lies_beyond_and_three_confuse_and_all_shards_are_different() -> None:
    shards = names("ground", 24)
    assert len(set(shards)) == 24
    assert sum(world == "ground-beyond" for world, _ in shards) == 3
    assert sum(world == "ground-confusing" for world, _ in shards) == 9
    assert unseen("ground") not in shards


@pytest.mark.parametrize(("name", "left"), [("ground", 3), ("ground-ugri", 4)])
def test_lenses_whose_arcs_lie_outside_the_window_are_no_examples(
    name: str, left: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    radii = np.array([1.0, 2.5, 4.0, 5.9, np.nan], np.float32)
    shard = LensShard(np.zeros((5, 4, 60, 60), np.float16), (radii > 0).astype(np.float32), 10 * radii, radii)
    monkeypatch.setattr("models.train.lens.open_shard", lambda folder, name: shard)
    shown = list(batches(np.random.default_rng(1), FORMS[name], [("ground", 0)], Schedule(batch=1), tmp_path))
    assert len(shown) == left
    assert sum(float(truth[0, 0]) for _, truth in shown) == left - 1


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
        # Each band is weighted at will, and its darker half may be cut off.
        for band, before in zip(picture, image, strict=True):
            assert (np.diff(band.ravel()[np.argsort(before.ravel())]) < 0).mean() < 0.5
            assert np.corrcoef(band.ravel(), before.ravel())[0, 1] > 0.3


def test_training_is_taken_up_where_it_stopped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lens_network, "BLOCKS", (1, 1, 1))  # a small graph is traced in a moment
    told: list[tuple[int, float, float]] = []

    def note(epoch: int, loss: float, unseen: float) -> None:
        told.append((epoch, loss, unseen))

    few = {"shards": 1, "shard": 64, "batch": 32, "processes": 1}
    drawn: list[None] = []
    draw_training_set("ground", Schedule(**few), tmp_path, lambda: drawn.append(None))
    assert len(drawn) == 2
    train("ground", 0, Schedule(epochs=1, settling=0, **few), tmp_path, note)
    model = train("ground", 0, Schedule(epochs=1, settling=1, **few), tmp_path, note)
    assert [epoch for epoch, *_ in told] == [1, 2]
    assert np.isfinite([losses for _, *losses in told]).all()
    student.save(model, tmp_path / "one.h5")
    finder = load("ground", [tmp_path / "one.h5"])
    (look,) = finder.look([np.random.default_rng(1).standard_normal((30, 30)).astype(np.float32)], 0.2)
    assert 0 <= look.score <= 1


def test_a_threshold_is_the_score_of_impostors_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    stamps = calibration_stamps("ground", 30)

    class Knowing:
        form = FORMS["ground"]

        def look(self, images: list[np.ndarray], pixel_scale: float) -> list[LensLook]:
            assert len(images) == (~stamps.lens).sum()
            assert images[0].shape == (60, 60)
            return [LensLook(n / len(images), 1.0, 0.0) for n in range(len(images))]

    monkeypatch.setattr("models.train.lens.calibration_stamps", lambda sky, count: stamps)
    count = int((~stamps.lens).sum())
    assert calibrate(cast("LensFinder", Knowing()), 30, 0.5) == pytest.approx(0.5, abs=1 / count)
