from __future__ import annotations

import numpy as np

from broker.cutout import Cutout
from broker.geometry import Geometry, SkyFrame
from broker.novelty.calibration import Calibration
from broker.stamp_pair import Stamp, StampPair
from consumers.evaluate_novelty import fields
from consumers.evaluate_novelty.discoveries import LEVEL, _nights, benjamini_hochberg
from consumers.evaluate_novelty.fields import CELLS, SIDE, draw, ordinary
from consumers.evaluate_novelty.look_alikes import PREVALENCE, _retrieved
from consumers.evaluate_novelty.novelties import ANY, KINDS, VISIBLE, painted
from consumers.evaluate_novelty.pictures import rotational_asymmetry
from consumers.evaluate_novelty.properties import _figures


def test_benjamini_and_hochbergs_own_example() -> None:
    # Of their paper's section 4.1, where four hypotheses are rejected at 0.05.
    p = np.array([0.0001, 0.0004, 0.0019, 0.0095, 0.0201, 0.0278, 0.0298, 0.0344, 0.0459, 0.324, 0.4262, 0.5719,
                  0.6528, 0.759, 1.0])  # fmt: skip
    assert benjamini_hochberg(p[::-1], 0.05)[::-1].tolist() == [True] * 4 + [False] * 11
    assert not benjamini_hochberg(np.full(10, 0.9), 0.05).any()


def test_drawn_fields_are_distinct_repeatable_and_finite() -> None:
    stamps = draw(1, 0)
    assert stamps.shape == (CELLS, SIDE, SIDE)
    assert np.isfinite(stamps).all()
    np.testing.assert_array_equal(stamps, draw(1, 0))
    assert not np.allclose(stamps[:20], draw(1, 1)[:20])
    assert len({one.tobytes() for one in stamps}) == CELLS
    corners = stamps[:, :3, :3]
    assert 0.8 < np.median(corners.std(axis=(1, 2))) < 1.3


def test_a_novelty_of_the_sky_stands_in_both_images_and_an_artefact_in_one() -> None:
    rng = np.random.default_rng(0)
    geometry = Geometry.plain((SIDE, SIDE), 1.0)
    stamps = [Stamp(Cutout(rng.normal(size=(SIDE, SIDE)).astype(np.float32), {}), geometry) for _ in range(2)]
    pair = StampPair(*stamps, SkyFrame(SIDE, 1.0), 2.0)
    for kind in KINDS:
        changed = painted(pair, kind, np.random.default_rng(3))
        science, reference = (
            new.cutout.image - old.cutout.image
            for new, old in zip((changed.science, changed.reference), stamps, strict=True)
        )
        assert np.abs(science).max() > 3
        if kind == "artefact":
            assert not reference.any()
        else:
            np.testing.assert_allclose(science, reference, atol=1e-4)


def test_look_alikes_of_a_class_apart_are_its_own_and_of_others_hardly_any() -> None:
    rng = np.random.default_rng(0)
    features = rng.normal(size=(1000, 4)).astype(np.float32)
    features[:100] += 20
    objects = np.array([f"o{number}" for number in range(1000)])
    own, other = _retrieved(features, objects, np.arange(100), np.arange(100, 1000))
    assert (own.value, other.value) == (1.0, 0.0)
    mixed, same = _retrieved(
        rng.normal(size=(1000, 4)).astype(np.float32), objects, np.arange(100), np.arange(100, 1000)
    )
    assert abs(mixed.value - PREVALENCE) < 0.05
    assert abs(same.value - PREVALENCE) < 0.05


def test_a_picture_that_is_the_same_upside_down_has_no_asymmetry() -> None:
    rows, columns = np.mgrid[-20:21, -20:21]
    round_one = np.exp(-np.hypot(rows, columns) / 4.0)
    assert rotational_asymmetry(round_one) < 1e-12
    assert rotational_asymmetry(round_one + np.exp(-np.hypot(rows - 9, columns) / 2.0)) > 0.1


def test_what_passes_for_ordinary_has_no_light_below_zero() -> None:
    good = ordinary(1, 0)
    assert 0.75 < good.mean() < 0.95
    rng = np.random.default_rng([1, 0])
    fields._stars(rng)
    light = fields._shown(fields._galaxies(rng, central=True), central=True)
    assert light[good].min() >= 0 > light[~good].min()


def test_visible_novelties_are_brighter_and_wider() -> None:
    geometry = Geometry.plain((SIDE, SIDE), 1.0)
    sky = Stamp(Cutout(np.random.default_rng(0).normal(size=(SIDE, SIDE)).astype(np.float32), {}), geometry)
    pair = StampPair(sky, sky, SkyFrame(SIDE, 1.0), 2.0)
    changed = {ANY: 0, VISIBLE: 0}
    for prior in changed:
        for seed in range(20):
            science = painted(pair, "ring", np.random.default_rng(seed), prior).science
            assert isinstance(science, Stamp)
            changed[prior] += int((science.cutout.image - sky.cutout.image > 5).sum())
    assert changed[VISIBLE] > changed[ANY]


def test_the_procedure_keeps_its_level_where_calibrations_are_drawn_anew() -> None:
    rng = np.random.default_rng(0)
    outside = rng.normal(size=60_000)
    usual, strange = outside[30_000:], rng.normal(7.0, 1.0, 500)

    def anew(drawn: np.random.Generator) -> Calibration:
        return Calibration(np.sort(drawn.choice(outside, 30_000, replace=False)), None)

    (false_share, power), _ = _nights(usual, strange, anew)
    assert false_share.value < LEVEL + 0.04
    assert power.value > 0.8


def test_guessing_the_mean_is_a_ratio_of_one() -> None:
    truth = np.random.default_rng(0).normal(10.0, 0.5, 500)
    guessed = _figures("log M", np.full(500, 10.0), truth, 10.0)
    assert guessed.of_guessing.value == 1.0
    assert guessed.within_a_dex.value == guessed.guessed_within.value
    assert _figures("log M", truth + 0.1, truth, 10.0).rmse < 0.1001
