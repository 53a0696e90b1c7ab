from __future__ import annotations

import numpy as np
import pytest

from models.simulate.profiles import EUCLID, KIDS, PROFILES, RUBIN, ZTF, SurveyProfile, psf_norm
from models.simulate.streaks.sources import star
from models.simulate.streaks.trail import matched_snr


@pytest.mark.parametrize("profile", PROFILES.values(), ids=list(PROFILES))
def test_a_point_source_at_the_published_depth_has_five_sigma(profile: SurveyProfile) -> None:
    for depths, stacked in ((profile.depth, False), (profile.stack_depth, True)):
        for band, depth in depths.items():
            source = star((81, 81), 40.0, 40.0, profile.fwhm_pixels[1]) * profile.flux_in_sigma(
                depth, band, stacked=stacked
            )
            # Euclid's PSF is so narrow that point-sampling it errs by a few per cent.
            assert matched_snr(source) == pytest.approx(5.0, rel=0.03)


def test_noise_agrees_with_what_was_worked_out_for_kids() -> None:
    """KiDS' stack: the noise of a pixel is the flux of magnitude 29.08; a 360 s exposure reaches 24.7."""
    noise = KIDS.sky_noise("r", 0.0, stacked=True)
    assert -2.5 * np.log10(noise) == pytest.approx(29.08, abs=0.02)
    assert KIDS.stack_depth["r"] - KIDS.depth["r"] == pytest.approx(2.5 * np.log10(5**0.5), abs=0.02)


def test_noise_scales_with_the_zero_point() -> None:
    assert ZTF.sky_noise("r", 27.5) / ZTF.sky_noise("r", 25.0) == pytest.approx(10.0)


def test_trails_are_as_long_as_worked_out() -> None:
    assert EUCLID.trail_length(10.0) == pytest.approx(15.7, abs=0.1)
    assert KIDS.trail_length(30.0) == pytest.approx(14.3, abs=0.1)
    assert RUBIN.trail_length(150.0) == pytest.approx(6.25, abs=0.01)
    assert ZTF.trail_length(1500.0) == pytest.approx(12.4, abs=0.1)


def test_the_norm_is_that_of_a_painted_star() -> None:
    assert psf_norm(4.0) == pytest.approx(matched_snr(star((61, 61), 30.3, 29.8, 4.0)), rel=1e-3)
