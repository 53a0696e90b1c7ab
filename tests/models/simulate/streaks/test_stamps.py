from __future__ import annotations

from dataclasses import fields, replace

import numpy as np
import pytest

from models.baselines.matched_filter import matched_filter
from models.baselines.segmentation import segment_image
from models.simulate.profiles import PROFILES
from models.simulate.streaks.frames import SIDE, draw_frame
from models.simulate.streaks.frozen import calibration_stamps, frozen_stamps
from models.simulate.streaks.impostors import KINDS
from models.simulate.streaks.population import TEST, TRAINING
from models.simulate.streaks.stamps import STREAK, DrawnStamps, draw_stamp, draw_stamps
from models.simulate.streaks.trail import Segment, trail


@pytest.fixture(scope="module")
def drawn() -> DrawnStamps:
    return frozen_stamps(600)


def test_stamps_repeat_and_are_the_first_of_more(drawn: DrawnStamps) -> None:
    again = frozen_stamps(40)
    np.testing.assert_array_equal(again.images, drawn.images[:40])
    np.testing.assert_array_equal(again.ends, drawn.ends[:40])
    assert not np.array_equal(draw_stamps(replace(TEST, seed=3), 40).images, again.images)


def test_the_test_is_drawn_from_other_numbers_and_other_impostors_than_the_training() -> None:
    same = {one.name for one in fields(TEST) if getattr(TEST, one.name) == getattr(TRAINING, one.name)}
    assert same == {"surveys"}


def test_every_impostor_and_every_survey_comes(drawn: DrawnStamps) -> None:
    assert set(drawn.kind) == {STREAK, *KINDS}
    assert set(drawn.survey) == set(PROFILES)
    assert 0.4 < drawn.streak.mean() < 0.6
    assert set(drawn.polarity[drawn.streak & np.isin(drawn.survey, ["ztf", "lsst"])]) == {-1, 1}
    assert not calibration_stamps(30).streak.any()


def test_streaks_are_as_bright_and_long_as_the_population_says(drawn: DrawnStamps) -> None:
    here = drawn.streak
    assert ((drawn.snr[here] >= TEST.snr[0]) & (drawn.snr[here] <= TEST.snr[1])).all()
    assert (drawn.length[here] >= TEST.shortest * drawn.fwhm[here] * 0.999).all()
    assert (drawn.length[here] <= TEST.longest + 0.01).all()
    assert np.isnan(drawn.ends[~here]).all()


def test_of_every_streak_an_end_is_seen(drawn: DrawnStamps) -> None:
    for image, ends, fwhm in zip(drawn.images, drawn.ends, drawn.fwhm, strict=True):
        if np.isnan(ends[0]):
            continue
        rows, columns = np.nonzero(np.isfinite(image))
        x, y = ends[::2], ends[1::2]
        from_rim = np.minimum.reduce(
            [x - columns.min() + 0.5, columns.max() + 0.5 - x, y - rows.min() + 0.5, rows.max() + 0.5 - y]
        )
        assert from_rim.max() >= max(3.0, fwhm) - 1e-3
        assert from_rim.min() >= -1e-3


def test_a_drawn_snr_is_what_the_matched_filter_sees() -> None:
    clean = replace(TEST, residuals=0.0, field=0.0, modulation=0.0, wings=(1e-6, 2e-6), partial=0.0, small=0.0)
    stamps = draw_stamps(clean, 120, streaks=1.0)
    bright = stamps.snr > 15
    ratio = matched_filter(stamps.images[bright], stamps.fwhm[bright]) / stamps.snr[bright]
    assert np.median(ratio) == pytest.approx(1.0, abs=0.06)
    assert ratio.min() > 0.75


def test_the_matched_filter_has_white_noise_below_six_sigma() -> None:
    noise = np.random.default_rng(5).standard_normal((30, 64, 64), dtype=np.float32)
    noise[:10, :, :12] = np.nan
    found = matched_filter(noise, np.full(30, 3.0))
    assert (found > 2.0).all()
    assert (found < 6.0).all()


def test_segmentation_measures_a_bright_trail() -> None:
    image = np.random.default_rng(2).standard_normal((100, 100), dtype=np.float32)
    image += 2500 * trail((100, 100), Segment.around(50, 45, 30, 0.5), 3.0)
    best = max(segment_image(image, 3.0), key=lambda one: one.snr)
    assert best.segment.length == pytest.approx(30, abs=3)
    assert best.segment.angle == pytest.approx(0.5, abs=0.05)
    assert best.elongation > 4
    assert not segment_image(np.zeros((50, 50), np.float32), 3.0)


def test_small_stamps_are_surrounded_by_missing_pixels() -> None:
    stamp = draw_stamp(replace(TEST, small=1.0), 7)
    assert np.isnan(stamp.image[0]).all()
    assert np.isfinite(stamp.image[32, 32])


def test_frames_repeat_with_their_streaks_inside() -> None:
    frame = draw_frame(3)
    np.testing.assert_array_equal(frame.image, draw_frame(3).image)
    assert frame.image.shape == (SIDE, SIDE)
    for one in frame.streaks:
        assert one.segment.within(SIDE, SIDE) is not None
