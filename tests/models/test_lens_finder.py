from __future__ import annotations

import numpy as np
import pytest

from models import lens_network
from models.lens_finder import LensFinder, fitted, load
from models.lens_network import FORMS
from models.simulate.lenses.frozen import as_seen, frozen_stamps


def _blob(side: int, scale: float) -> np.ndarray:
    line = (np.arange(side) - (side - 1) / 2) * scale
    return np.exp(-((line[:, None] - 0.6) ** 2 + line[None] ** 2) / (2 * 0.5**2)).astype(np.float32)


@pytest.mark.parametrize(("side", "scale"), [(161, 30 / 161), (40, 0.2), (31, 0.27), (30, 0.2), (25, 0.2)])
def test_stamps_are_brought_to_the_networks_pixels(side: int, scale: float) -> None:
    form = FORMS["ground"]
    (window,) = fitted(_blob(side, scale), scale, form)
    assert window.shape == (30, 30)
    row, column = np.unravel_index(np.nanargmax(window), window.shape)
    assert (row - 14.5) * 0.2 == pytest.approx(0.6, abs=0.25)
    assert abs(column - 14.5) <= 1.5
    assert np.isnan(window[0]).all() == (side * scale < 5.9)


def test_missing_pixels_stay_missing_when_resampled() -> None:
    stamp = _blob(80, 0.15)
    stamp[38:42, 38:42] = np.nan
    (window,) = fitted(stamp, 0.15, FORMS["ground"])
    assert np.isnan(window[15, 15])
    assert np.isfinite(window[3, 3])


def test_an_ensemble_tells_its_mean_and_its_spread(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lens_network, "BLOCKS", (1, 1, 1))  # a small graph is traced in a moment
    form = FORMS["ground"]
    members = [lens_network.build(form), lens_network.build(form)]
    for member, (odds, content) in zip(members, ((0.0, 1.0), (np.log(3.0), 2.0)), strict=True):
        layer = member.get_layer(lens_network.TELLING_LAYER)
        layer.set_weights([np.zeros_like(layer.get_weights()[0]), np.array([odds, content], np.float32)])
    (look,) = LensFinder(form, members).look([_blob(30, 0.2)], 0.2)
    assert look.score == pytest.approx((0.5 + 0.75) / 2, abs=1e-5)
    assert look.information_content == pytest.approx(10**1.5, rel=1e-4)
    assert look.spread == pytest.approx(45.0, rel=1e-4)
    assert LensFinder(form, members).look([], 0.2) == []


def test_a_turned_stamp_has_the_same_score() -> None:
    stamps = frozen_stamps("ground", 40)
    finder, images = load("ground"), stamps.images[:, 2, 15:45, 15:45].astype(np.float32)
    looks, turned = (finder.look(list(each), 0.2) for each in (images, np.rot90(images, axes=(1, 2))))
    promising = [(one, other) for one, other in zip(looks, turned, strict=True) if one.score > 0.5]
    assert len(promising) > 3
    for one, other in promising:
        assert one.score == pytest.approx(other.score, abs=1e-4)
        assert one.information_content == pytest.approx(other.information_content, rel=1e-3)


@pytest.mark.parametrize("name", FORMS)
def test_what_ships_finds_bright_arcs(name: str) -> None:
    finder, form = load(name), FORMS[name]
    stamps = frozen_stamps(form.sky, 100)
    looks = finder.look(as_seen(stamps, form.sky, form.bands), form.pixel_scale)
    scores = np.array([one.score for one in looks])
    bright = stamps.lens & (stamps.arc_snr > 40)
    better = scores[bright][:, None] > scores[~stamps.lens]
    assert better.mean() > 0.8
    assert all(one.information_content >= 1 for one in looks)
