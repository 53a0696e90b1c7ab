from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from models.simulate.lenses.frozen import frozen_stamps
from models.simulate.lenses.impostors import KINDS
from models.simulate.lenses.population import BEYOND, CONFUSING, TEST, TRAINING
from models.simulate.lenses.stamps import LENS, draw_arcs, draw_stamps


def test_stamps_repeat_and_are_numbered() -> None:
    some = frozen_stamps("ground", 6)
    np.testing.assert_array_equal(frozen_stamps("ground", 2, 3).images, some.images[3:5])
    assert some.images.shape == (6, 4, 60, 60)
    assert frozen_stamps("space", 1).images.shape == (1, 1, 64, 64)


@pytest.mark.parametrize("sky", ["ground", "space"])
def test_truth_belongs_to_lenses_alone(sky: str) -> None:
    drawn = draw_stamps(TRAINING[sky], 80, noisy=False)
    assert 20 < drawn.lens.sum() < 60
    for truth in (drawn.einstein_radius, drawn.arc_snr, drawn.information_content):
        np.testing.assert_array_equal(np.isfinite(truth), drawn.lens)
    assert set(drawn.kind) <= {LENS, *KINDS}
    assert np.isfinite(drawn.images).all()
    seen = drawn.arc_snr[drawn.lens] > 30
    content = drawn.information_content[drawn.lens]
    assert content[seen].min() > 0
    assert np.median(content[seen]) > np.median(content[~seen])


@pytest.mark.parametrize("sky", ["ground", "space"])
def test_arcs_alone_are_those_of_the_stamps(sky: str) -> None:
    arcs, stamps = draw_arcs(TEST[sky], 4, 7), draw_stamps(TEST[sky], 4, 7, lenses=1.0, noisy=False)
    detected = arcs[:, TEST[sky].camera.detection].astype(float)
    np.testing.assert_allclose(np.sqrt((detected**2).sum(axis=(1, 2))), stamps.arc_snr, rtol=1e-5)
    assert (arcs <= stamps.images + 0.01 * np.abs(stamps.images) + 0.01).all()


def test_the_frozen_test_holds_no_stars_and_the_training_does() -> None:
    for sky, population in BEYOND.items():
        assert "star" not in TEST[sky].impostors
        assert population.impostors["star"] > 0.3


def test_no_two_populations_share_their_random_numbers() -> None:
    seeds = [one.seed for skies in (TRAINING, BEYOND, CONFUSING, TEST) for one in skies.values()]
    assert len(set(seeds)) == 8


def test_stars_are_points_or_full_to_the_brim() -> None:
    stars = replace(BEYOND["ground"], impostors={"star": 1.0}, companions=0.0, neighbours=0.0)
    drawn = draw_stamps(stars, 60, lenses=0.0, noisy=False)
    assert set(drawn.kind) == {"star"}
    images = drawn.images[:, TEST["ground"].camera.detection].astype(float)
    brightest = images.max(axis=(1, 2))
    full = np.array([(image == image.max()).sum() > 3 for image in images])
    assert 0.1 < full.mean() < 0.5
    assert np.median(brightest[full]) > np.median(brightest[~full])
    # Of a single one that is not full, half the light lies within the seeing's width.
    x, y = np.meshgrid(np.arange(60) - 29.5, np.arange(60) - 29.5)
    within = np.array([image[np.hypot(x, y) < 9].sum() / image.sum() for image in images[~full]])
    assert np.median(within) > 0.8


def test_noise_is_one_where_the_sky_is_empty() -> None:
    plain, noisy = (draw_stamps(TEST["ground"], 20, noisy=noisy).images.astype(float) for noisy in (False, True))
    empty = plain < 0.3
    assert (noisy - plain)[empty].std() == pytest.approx(1.0, abs=0.05)


def test_training_and_test_never_draw_the_same() -> None:
    for sky, population in TRAINING.items():
        assert population.seed != TEST[sky].seed
        assert population.prior != TEST[sky].prior
        shares = TEST[sky].impostors
        assert sum(shares[kind] for kind in ("spiral", "ring", "merger")) / sum(shares.values()) >= 0.3
