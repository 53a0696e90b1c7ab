from __future__ import annotations

from dataclasses import fields, replace
from itertools import islice

import numpy as np
import pytest

from models.simulate.mergers.frozen import calibration_stamps, frozen_stamps
from models.simulate.mergers.impostors import CHANCE_PAIR, KINDS
from models.simulate.mergers.light import RINGS, SPOKES, disc_light, fine_ring, fine_spoke
from models.simulate.mergers.population import TEST, TRAINING
from models.simulate.mergers.regular import regular_spiral
from models.simulate.mergers.render import SIDE, Scene, Torn, add_disc_galaxy, square
from models.simulate.mergers.stamps import BATCH, MERGER, DrawnStamps, batches, draw_stamps
from models.simulate.mergers.three_body import ring, spoke


@pytest.fixture(scope="module")
def drawn() -> DrawnStamps:
    return draw_stamps(TEST, 2 * BATCH)


def test_stamps_repeat_and_are_the_first_of_more(drawn: DrawnStamps) -> None:
    stamps, noisy = frozen_stamps(20)
    np.testing.assert_array_equal(stamps.images, drawn.images[:20])
    np.testing.assert_array_equal(noisy[:9], frozen_stamps(9)[1])
    assert not np.array_equal(calibration_stamps(9)[1], noisy[:9])


def test_the_test_is_drawn_from_other_numbers_and_other_galaxies_than_the_training() -> None:
    names = [one.name for one in fields(TEST)]
    assert {name for name in names if getattr(TEST, name) == getattr(TRAINING, name)} == set()


def test_half_are_mergers_and_every_impostor_comes(drawn: DrawnStamps) -> None:
    assert set(drawn.kind) == {MERGER, *TEST.impostors}
    assert set(TEST.impostors) < set(TRAINING.impostors) == set(KINDS)
    assert 0.4 < drawn.merger.mean() < 0.6
    assert (drawn.torn[drawn.merger] > TEST.torn).all()
    assert (drawn.torn[~drawn.merger] == 0).all()
    np.testing.assert_array_equal(np.isfinite(drawn.separation), drawn.merger)
    assert np.isfinite(drawn.images).all()


def test_mergers_and_chance_pairs_are_as_bright(drawn: DrawnStamps) -> None:
    """Else the network would weigh light and not see tides."""
    inner = drawn.images[:, SIDE // 4 : -SIDE // 4, SIDE // 4 : -SIDE // 4].sum(axis=(1, 2))
    surface = np.log(inner / drawn.half_light**2)
    others = surface[(drawn.kind != MERGER) & (drawn.kind != "group")]
    assert abs(np.median(surface[drawn.merger]) - np.median(others)) < 0.5 * others.std()
    assert (drawn.kind == CHANCE_PAIR).sum() > 10


def test_batches_go_on_with_new_noisy_stamps(drawn: DrawnStamps) -> None:
    (first, scale, merger, kind), (second, *_) = islice(batches(TEST, 1), 2)
    assert first.shape == second.shape == (BATCH, SIDE, SIDE)
    assert not np.array_equal(first, second)
    np.testing.assert_array_equal(merger, kind == MERGER)
    assert set(scale.round(3)) == {np.float32(one) for one in (0.1, 0.2, 0.21, 1.01)}
    np.testing.assert_array_equal(kind, drawn.kind[BATCH:])


def test_noise_is_that_of_the_sky_where_there_is_no_galaxy(drawn: DrawnStamps) -> None:
    dark = drawn.images < 0.02
    noise = (drawn.noisy(np.random.default_rng(1)) - drawn.images)[dark]
    assert noise.std() == pytest.approx(1.0, abs=0.01)


def test_a_disc_keeps_its_flux_and_its_size() -> None:
    scene, flat, bulgeless = Scene(), np.eye(3), replace(TEST, bulge=0.0)
    for seed in range(3):
        add_disc_galaxy(scene, np.random.default_rng(seed), bulgeless, (0.0, 0.0), 10.0, 20.0, flat)
    image = scene.seen(2.5)
    assert 25.0 < image.sum() < 30.01  # dust takes some
    y, x = np.mgrid[:SIDE, :SIDE] - (SIDE - 1) / 2
    radius = np.hypot(x, y)
    # Half of the outer radius, as `impostors.OUTER` has it, is about the half-light radius.
    assert 0.35 < image[radius < 10.0].sum() / image.sum() < 0.65


def test_a_disc_that_nothing_tore_looks_the_same_from_its_followed_particles() -> None:
    circles = np.stack(
        [ring()[:, None] * np.cos(spoke()), ring()[:, None] * np.sin(spoke()), 0 * ring()[:, None] * spoke()], axis=-1
    ).astype(np.float32)
    images = []
    for torn in (None, Torn(circles, 0.0, 1.0, 1.0)):
        scene = Scene()
        add_disc_galaxy(scene, np.random.default_rng(3), TEST, (2.0, -3.0), 1.0, 18.0, np.eye(3), torn)
        images.append(scene.seen(2.5))
    np.testing.assert_allclose(images[1], images[0], atol=0.01 * images[0].max())


def test_light_falls_off_and_sums_to_one() -> None:
    angle = np.broadcast_to(fine_spoke(), (RINGS, SPOKES))
    for seed in range(10):
        light = disc_light(np.random.default_rng(seed), TEST, 0.3, angle, irregular=seed % 2 == 1)
        assert light.sum() == pytest.approx(1.0)
        assert (light >= 0).all()
        per_area = light.sum(axis=1) / fine_ring()
        assert per_area[fine_ring() < 0.3].mean() > 3 * per_area[fine_ring() > 0.9].mean()


def test_regular_spirals_are_of_unit_flux_and_alike_when_turned() -> None:
    side, middle = square()
    y, x = np.mgrid[:side, :side] - middle
    unlike = []
    for seed in range(30):
        image = regular_spiral(np.random.default_rng(seed), 0.0, 0.0, 9.0)
        assert image.sum() == pytest.approx(1.0)
        assert (image >= 0).all()
        assert image[np.hypot(x, y) < 18.0].sum() > 0.4
        unlike.append(np.abs(image - image[::-1, ::-1]).sum())
    assert np.median(unlike) < 0.25


@pytest.mark.parametrize("share", ["crowded", "glare"])
def test_the_trainings_surroundings_are_beside_its_galaxies(share: str) -> None:
    """The middle is the galaxy's own: the light of the rim is what grows."""
    alone = replace(TRAINING, crowded=0.0, glare=0.0)
    beside = replace(alone, crowded=1.0) if share == "crowded" else replace(alone, glare=1.0)
    rim = np.ones((SIDE, SIDE), bool)
    rim[10:-10, 10:-10] = False
    without, with_it = (draw_stamps(one, 24, 9, mergers=0.0).images[:, rim].mean(axis=1) for one in (alone, beside))
    assert np.median(with_it) > 1.5 * np.median(without)


def test_remnants_are_torn_and_have_one_place_or_two() -> None:
    drawn = draw_stamps(replace(TRAINING, remnants=1.0), 24, 9, mergers=1.0)
    assert (drawn.torn > TRAINING.torn).all()
    assert (drawn.separation == 0.0).any()
    assert (drawn.separation > 0.0).any()
