from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
import pytest

from models import streak_detector
from models.looks import turned
from models.simulate.streaks.trail import Segment
from models.streak_detector import THRESHOLD, WEIGHTS, StreakDetector, load
from models.streak_network import prepare
from schemas.errors import BackboneError
from tests.models.streak_stamp import stamp


@pytest.fixture(scope="module")
def detector() -> StreakDetector:
    return load()


def test_the_weights_are_those_that_were_published_and_small() -> None:
    file = Path(streak_detector.__file__).with_name(WEIGHTS.file)
    assert hashlib.sha256(file.read_bytes()).hexdigest() == WEIGHTS.sha256
    assert file.stat().st_size < 1_000_000


def test_ones_own_weights_must_be_whole(tmp_path: Path) -> None:
    damaged = tmp_path / "damaged.h5"
    damaged.write_bytes(Path(streak_detector.__file__).with_name(WEIGHTS.file).read_bytes()[:5000])
    with pytest.raises(BackboneError, match="damaged"):
        load(damaged)
    with pytest.raises(BackboneError, match="missing"):
        load(tmp_path / "none.h5")


def test_many_stamps_are_scored_as_one_by_one(detector: StreakDetector) -> None:
    images = [stamp(Segment.around(32, 32, length, 0.7), 12, seed=number) for number, length in enumerate((8, 20, 40))]
    alone = [detector.look([image])[0].score for image in images]
    assert [one.score for one in detector.look(images)] == pytest.approx(alone, abs=1e-4)
    assert detector.look([]) == []


def test_a_clear_streak_is_found_bright_or_dark_and_measured(detector: StreakDetector) -> None:
    true = Segment(14.3, 20.8, 44.1, 39.5)
    image = stamp(true, 30)
    for polarity in (1, -1):
        found = detector.look([polarity * image], measured_above=THRESHOLD)[0]
        assert found.score > THRESHOLD
        assert found.polarity == polarity
        ends = np.array(found.segment.ends)
        assert min(np.abs(ends - true.ends).max(), np.abs(ends - (*true.ends[2:], *true.ends[:2])).max()) < 1.5


def test_of_a_known_polarity_the_other_is_not_looked_for(detector: StreakDetector) -> None:
    image = stamp(Segment(14.3, 20.8, 44.1, 39.5), 30)
    stamps = [image, -image, image, -image, -image]
    found = detector.look(stamps, measured_above=THRESHOLD, polarity=[1, -1, -1, 1, None])
    assert [one.score > THRESHOLD for one in found] == [True, True, False, False, True]
    assert [one.polarity for one in found] == [1, -1, -1, 1, -1]
    either = detector.look(stamps[:2])
    assert [one.score for one in found[:2]] == pytest.approx([one.score for one in either], abs=1e-4)


def test_ends_are_told_in_the_stamps_own_pixels(detector: StreakDetector) -> None:
    for side in (48, 64, 90):
        middle = (side - 1) / 2
        image = stamp(Segment.around(middle, middle, 24, 0.3), 40, shape=(side, side))
        found = detector.look([image], measured_above=THRESHOLD)[0].segment
        assert (found.x1 + found.x2) / 2 == pytest.approx(middle, abs=1.0)
        assert (found.y1 + found.y2) / 2 == pytest.approx(middle, abs=1.0)


def test_noise_blank_and_missing_pixels_are_no_streak(detector: StreakDetector) -> None:
    noise = np.random.default_rng(4).standard_normal((20, 64, 64)).astype(np.float32)
    scores = [one.score for one in detector.look([*noise, np.zeros((64, 64), np.float32)])]
    assert np.mean(np.array(scores) > THRESHOLD) < 0.1
    half_missing = stamp(Segment(10, 40, 50, 52), 40)
    half_missing[:25] = np.nan
    assert np.isfinite(detector.look([half_missing])[0].score)


def test_a_trail_wider_than_the_psf_is_less_of_one(detector: StreakDetector) -> None:
    """What no PSF has drawn is a galaxy, or a satellite out of focus."""
    trails = [stamp(Segment.around(32, 32, 14, 0.3 * n), 12, seed=n) for n in range(12)]  # 3 px wide
    scores = {fwhm: [one.score for one in detector.look(trails, fwhm=[fwhm] * 12)] for fwhm in (1.7, 3.0, None)}
    odds = {fwhm: np.log(np.array(found) / (1.0 - np.array(found))).mean() for fwhm, found in scores.items()}
    assert odds[3.0] > odds[1.7] + 0.5
    assert [one.score for one in detector.look(trails)] == scores[None]


def test_a_streaks_score_is_the_mean_of_eight_looks_and_nothings_of_one(detector: StreakDetector) -> None:
    windows = prepare([stamp(Segment.around(32, 32, 24, 0.7), 40), stamp(Segment.around(32, 32, 24, 0.7), 0)])
    looks = np.stack([detector._run(turned(windows, turn))[:, 0] for turn in range(8)])
    odds = np.array([looks[:, 0].mean(), looks[0, 1]])
    assert detector.outputs(windows)[:, 0] == pytest.approx(1 / (1 + np.exp(-odds)), abs=1e-5)
    assert odds[0] > 2.0
    assert odds[1] < -2.0
