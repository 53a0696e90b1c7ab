from __future__ import annotations

import pytest

from models.lens_domain import form_for, reason_to_abstain


@pytest.mark.parametrize(
    ("pixel_scale", "fwhm", "bands", "form"),
    [
        (0.2, 0.8, 1, "ground"),
        (0.2, 0.7, 4, "ground-ugri"),
        (30 / 161, None, 4, "ground-ugri"),
        (0.1, 0.18, 1, "space"),
        (0.1, 0.7, 1, None),
        (0.2, 1.6, 1, None),
        (1.01, 2.0, 1, None),
        (None, None, 1, None),
        (0.2, 0.7, 3, None),
        (0.1, 0.18, 4, None),
    ],
)
def test_each_survey_has_its_form(pixel_scale: float | None, fwhm: float | None, bands: int, form: str | None) -> None:
    assert form_for(pixel_scale, fwhm, bands) == form
    if form is not None:
        assert reason_to_abstain(pixel_scale, fwhm) is None


@pytest.mark.parametrize(
    ("pixel_scale", "fwhm", "side", "reason"),
    [
        (1.01, 2.0, 63.0, "pixel scale too coarse"),
        (0.02, 0.1, 10.0, "pixel scale of no training"),
        (0.2, 1.5, 6.0, "seeing too wide"),
        (0.2, 0.8, 4.0, "stamp smaller than 5.5 arcsec"),
        (None, None, None, "pixel scale unknown"),
        (0.2, 0.8, 6.0, None),
    ],
)
def test_outside_its_domain_the_network_says_why(
    pixel_scale: float | None, fwhm: float | None, side: float | None, reason: str | None
) -> None:
    assert reason_to_abstain(pixel_scale, fwhm, side) == reason
