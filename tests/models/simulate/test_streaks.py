from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from models.simulate.streaks.background import background, mask
from models.simulate.streaks.frozen import calibration_stamps, frozen_differences, frozen_stamps
from models.simulate.streaks.impostors import HARD
from models.simulate.streaks.population import TEST, TEST_DIFFERENCES, TRAINING
from models.simulate.streaks.stamps import draw_stamps
from models.simulate.streaks.trail import Segment, matched_snr, trail

FROZEN_SUM = 23849.4378
FROZEN_KINDS = ["satellite trail", "bad line", "close pair", "residual", "residual"]


def test_the_frozen_stamps_are_those_of_the_first_day() -> None:
    stamps = frozen_stamps(60)
    assert float(np.nansum(stamps.images.astype(np.float64))) == pytest.approx(FROZEN_SUM, rel=1e-5)
    assert calibration_stamps(5).kind.tolist() == FROZEN_KINDS


def test_differences_hold_other_sources_correlated_noise_and_gaps() -> None:
    stamps = frozen_differences(200)
    assert set(stamps.survey) == {"ztf", "lsst"}
    plain = draw_stamps(replace(TEST_DIFFERENCES, masked=0.0), 200)
    assert np.isnan(stamps.images).sum() > np.isnan(plain.images).sum()
    beneath = np.abs(stamps.beneath[stamps.streak]) > 1.0
    assert 0.1 < beneath.mean() < 0.6


def test_correlated_noise_keeps_its_variance() -> None:
    population = replace(TRAINING, correlated=1.0, residuals=0.0, beside=0.0, rays=0.0, slopes=0.0)
    rng = np.random.default_rng(5)
    _, noise = background(rng, (64, 64), 3.0, population, difference=True)
    several = [background(rng, (64, 64), 3.0, population, difference=True)[1] for _ in range(10)]
    assert np.std([noise, *several]) == pytest.approx(1.0, abs=0.05)
    assert np.mean([(one[:, 1:] * one[:, :-1]).mean() for one in several]) > 0.1


def test_missing_pixels_never_hide_the_source() -> None:
    source = trail((64, 64), Segment(20.0, 30.0, 40.0, 30.0), 3.0)
    image = np.random.default_rng(1).standard_normal((64, 64), dtype=np.float32)
    masked = [mask(np.random.default_rng(seed), image, source) for seed in range(60)]
    assert sum(np.isnan(one).any() for one in masked) > 30
    for one in masked:
        assert matched_snr(np.where(np.isfinite(one), source, np.float32(0.0))) > 0.8 * matched_snr(source)


def test_hard_impostors_are_drawn_more_often_in_training_only() -> None:
    def share(harder: float) -> float:
        return float(np.isin(draw_stamps(replace(TEST, harder=harder), 600, streaks=0.0).kind, HARD).mean())

    assert TEST.harder == 1.0
    assert share(3.0) > 1.7 * share(1.0)
