from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.simulate.worlds.faults import KINDS, inject
from models.simulate.worlds.light_faults import asteroid, is_near
from models.simulate.worlds.optics import BLURS

OPTICS = (*BLURS, "cloud")
SIGMA, FWHM = 3.0, 2.4


def stamp(peak: float, level: float = 0.0) -> npt.NDArray[np.float64]:
    """A star of a peak [sigma] in the middle of noise."""
    y, x = np.mgrid[:63, :63] - 31.0
    star = peak * np.exp(-4 * np.log(2) * (x**2 + y**2) / FWHM**2)
    return level + SIGMA * (star + np.random.default_rng(0).standard_normal((63, 63)))


def snr(bad: npt.NDArray[np.float32], good: npt.NDArray[np.float64]) -> float:
    return float(np.sqrt(np.nansum(((bad - good) / SIGMA) ** 2)))


@pytest.mark.parametrize("level", [0.0, 300.0])
@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_changes_a_stamp_and_keeps_what_is_missing(kind: str, level: float) -> None:
    good = stamp(200, level)
    good[:7] = np.nan
    before = good.copy()
    snrs = []
    for seed in range(10):
        bad = inject(good, kind, np.random.default_rng(seed), SIGMA, FWHM)
        assert bad.dtype == np.float32
        assert np.array_equal(np.isnan(bad), np.isnan(good))
        snrs.append(snr(bad, good))
    assert np.median(snrs) > 10
    assert np.array_equal(good, before, equal_nan=True)


@pytest.mark.parametrize("kind", KINDS)
def test_an_injection_repeats(kind: str) -> None:
    first, second = (inject(stamp(50), kind, np.random.default_rng(3), SIGMA, FWHM) for _ in range(2))
    assert first.tobytes() == second.tobytes()


@pytest.mark.parametrize("kind", OPTICS)
def test_optics_hardly_change_a_blank_stamp(kind: str) -> None:
    good = stamp(0)
    snrs = [snr(inject(good, kind, np.random.default_rng(seed), SIGMA, FWHM), good) for seed in range(10)]
    assert max(snrs) < 10  # a handful of pixels that noise raised


@pytest.mark.parametrize("kind", OPTICS)
def test_optics_leave_the_noise_as_deep_as_it_was(kind: str) -> None:
    bad = inject(stamp(200), kind, np.random.default_rng(4), SIGMA, FWHM)
    y, x = np.mgrid[:63, :63] - 31
    assert bad[np.hypot(x, y) > 20].std() == pytest.approx(SIGMA, rel=0.05)
    assert bad[np.hypot(x, y) < 20].std() > SIGMA


def test_blurs_keep_the_flux_and_a_cloud_takes_half_a_magnitude_to_three() -> None:
    good = stamp(2000)
    for kind in BLURS:
        assert inject(good, kind, np.random.default_rng(5), SIGMA, FWHM).sum() == pytest.approx(good.sum(), rel=0.03)
    lost = [
        -2.5 * np.log10(inject(good, "cloud", np.random.default_rng(i), SIGMA, FWHM).max() / good.max())
        for i in range(30)
    ]
    assert min(lost) > 0.45
    assert max(lost) < 3.1


@pytest.mark.parametrize("kind", KINDS)
def test_a_stamp_without_any_pixel_stays_so(kind: str) -> None:
    blank = np.full((30, 30), np.nan)
    assert np.isnan(inject(blank, kind, np.random.default_rng(0), SIGMA, FWHM)).all()


@pytest.mark.parametrize("kind", KINDS)
def test_stamps_need_not_be_square(kind: str) -> None:
    assert inject(np.zeros((31, 45)), kind, np.random.default_rng(0), SIGMA, FWHM).shape == (31, 45)


def test_an_unknown_kind_is_refused_with_the_known_ones() -> None:
    with pytest.raises(ValueError, match="no fault 'fog': one of trail, ghost"):
        inject(stamp(0), "fog", np.random.default_rng(0), SIGMA, FWHM)


@given(seed=st.integers(0, 2**32), side=st.sampled_from([30, 63, 122]))
def test_no_asteroid_could_be_taken_for_the_object(seed: int, side: int) -> None:
    light = asteroid((side, side), np.random.default_rng(seed), 1.0, 4.0)
    y, x = np.nonzero(light > 0.5 * light.max())
    # A point in the middle reaches half a FWHM from it; a trail of 2.2 FWHM, more than twice as far.
    assert np.hypot(x - (side - 1) / 2, y - (side - 1) / 2).max() > 1.05 * 4.0


def test_near_is_within_two_fwhm_of_the_middle() -> None:
    assert is_near((63, 63), 31, 31 + 4.7, 2.4)
    assert not is_near((63, 63), 31, 31 + 5.9, 2.4)
