from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from broker.comparison import PLANES, compare
from broker.frame import FramedStamps, bring_to_frame
from broker.geometry import Geometry, SkyFrame

SIDE = 41
FRAME = SkyFrame(SIDE, 1.0)
FWHM = 3.0
COLUMN, ROW = np.meshgrid(np.arange(SIDE) - 20.0, np.arange(SIDE) - 20.0)


def source(x: float = 0.0, y: float = 0.0) -> np.ndarray:
    return np.exp(-0.5 * ((COLUMN - x) ** 2 + (ROW - y) ** 2) / (FWHM / 2.3548) ** 2)


def noise(seed: int) -> np.ndarray:
    return np.random.default_rng(seed).normal(0.0, 1.0, (SIDE, SIDE))


def framed(*images: np.ndarray) -> FramedStamps:
    stamps = [image.astype(np.float32)[None] for image in images]
    return bring_to_frame(stamps, [Geometry.plain((SIDE, SIDE), 1.0)] * len(images), FRAME)


def changed(science: np.ndarray, reference: np.ndarray, fwhm: float = FWHM) -> float:
    return float(compare(framed(science), framed(reference), np.array([fwhm]))[1][0])


def test_a_point_source_has_the_signal_to_noise_of_a_matched_filter() -> None:
    peak = 12.0
    expected = peak * np.sqrt((source() ** 2).sum()) / np.sqrt(2.0)
    found = [changed(peak * source() + noise(seed), noise(seed + 100)) for seed in range(20)]
    assert np.mean(found) == pytest.approx(expected, rel=0.15)


def test_brighter_fainter_dipole_and_trail_at_the_place_are_changes() -> None:
    quiet = [changed(noise(seed), noise(seed + 100)) for seed in range(20)]
    assert max(quiet) < 5.0
    star = 30.0 * source()
    assert changed(2 * star + noise(1), star + noise(2)) > 8.0
    assert changed(noise(1), star + noise(2)) > 8.0
    assert changed(30.0 * source(1.5) + noise(1), 30.0 * source(-1.5) + noise(2)) > 8.0
    trail = sum(source(x) for x in (-4, -2, 0, 2, 4)) * 15.0
    assert changed(trail + noise(1), noise(2)) > 8.0


def test_what_happens_elsewhere_is_no_change_of_the_object() -> None:
    assert changed(200.0 * source(14.0, 3.0) + noise(1), noise(2)) < 5.0


def test_a_residual_in_proportion_to_a_bright_source_is_discounted() -> None:
    star = 3000.0 * source()
    assert changed(1.02 * star + noise(1), star + noise(2)) < 10.0


def test_planes_know_corners_and_what_is_missing() -> None:
    science, reference = 50.0 * source(17, 17) + noise(1), noise(2)
    reference[:4] = np.nan
    planes, _ = compare(framed(science), framed(reference), np.array([FWHM]))
    named = dict(zip(PLANES, planes[0], strict=True))
    assert planes.shape == (1, len(PLANES), SIDE, SIDE)
    assert named["difference"][3, 37] > 1.0  # the first row of a frame is its uppermost
    assert not named["known"][-4:].any()
    assert named["known"][:-4].all()
    assert not named["science"][-4:].any()
    assert np.isfinite(planes).all()
    assert named["place"].argmax() == SIDE * SIDE // 2


def test_without_either_image_there_is_no_comparison() -> None:
    nothing = np.full((SIDE, SIDE), np.nan)
    planes, snr = compare(framed(nothing, noise(1)), framed(noise(1), nothing), np.array([FWHM, FWHM]))
    assert np.isnan(planes).all()
    assert np.isnan(snr).all()


@given(st.floats(allow_nan=True, allow_infinity=True))
def test_whatever_seeing_a_packet_claims_the_planes_are_finite(fwhm: float) -> None:
    planes, snr = compare(framed(noise(1)), framed(noise(2)), np.array([fwhm]))
    assert np.isfinite(planes).all()
    assert np.isfinite(snr).all()
