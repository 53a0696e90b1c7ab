from __future__ import annotations

import numpy as np
import pytest

from models.simulate.worlds.detection import Detector
from models.simulate.worlds.exposing import Scene, compose, conditions, spoil, spoilt_image, stack, take
from models.simulate.worlds.faults import KINDS
from models.simulate.worlds.field import field, point
from models.simulate.worlds.instrument import LSST, VST, ZTF, Instrument

INSTRUMENTS = pytest.mark.parametrize("instrument", [VST, ZTF, LSST], ids=lambda one: one.name)


def scene(instrument: Instrument, magnitude: float | None) -> Scene:
    """A star of a magnitude, or nothing, where something of the limiting magnitude's flux may appear."""
    side = instrument.smallest
    canvas = instrument.canvas(side, side / 2 - 0.3, side / 2 - 0.8)
    lasting = [] if magnitude is None else [point(instrument.flux(magnitude))]
    return compose(canvas, lasting, point(instrument.flux(instrument.depth)))


@INSTRUMENTS
def test_a_canvas_draws_what_galsim_draws(instrument: Instrument) -> None:
    import galsim

    side = instrument.smallest
    canvas = instrument.canvas(side, side // 2 + 0.3, side // 2 - 0.2)
    scale = instrument.pixel_scale
    galaxy = galsim.Exponential(half_light_radius=3 * scale, flux=100).shear(q=0.5, beta=30 * galsim.degrees)
    seen = galsim.Convolve(galaxy, galsim.Kolmogorov(fwhm=instrument.seeing))
    ours = canvas.image(canvas.spectrum(galsim.Convolve(seen, galsim.Pixel(scale))))
    offset = canvas.x - (side - 1) / 2, canvas.y - (side - 1) / 2
    theirs = seen.drawImage(nx=side, ny=side, scale=scale, offset=offset).array
    assert np.abs(ours - theirs).max() < 2e-3 * theirs.max()


@INSTRUMENTS
def test_a_star_of_the_limiting_magnitude_has_an_snr_of_five(instrument: Instrument) -> None:
    rng = np.random.default_rng(0)
    shown = scene(instrument, None)
    snrs = []
    for _ in range(300):
        under = conditions(
            instrument, shown.canvas, rng, fwhm=instrument.seeing, transparency=1.0, sky=instrument.median_sky
        )
        shot = take(shown, under, 1.0, rng)
        profile = shown.canvas.image(shown.varying * under.transfer)
        assert profile.sum() == pytest.approx(instrument.flux(instrument.depth), rel=0.06)
        weighted = (profile * (shot.image - under.background)).sum() / np.linalg.norm(profile)
        snrs.append(weighted / under.sigma)
        assert shot.change_snr() == pytest.approx(5, rel=0.15)  # the profile's slope varies
    assert np.mean(snrs) == pytest.approx(5, abs=0.3)
    assert np.std(snrs) == pytest.approx(1, abs=0.15)


@INSTRUMENTS
def test_noise_is_of_the_stated_sigma_and_grows_with_the_sky_and_with_bright_sources(instrument: Instrument) -> None:
    rng = np.random.default_rng(1)
    blank, bright = scene(instrument, None), scene(instrument, instrument.saturation)
    sigmas = []
    for sky in (instrument.darkest, instrument.brightest):
        under = conditions(instrument, blank.canvas, rng, fwhm=instrument.seeing, transparency=1.0, sky=sky)
        noise = np.concatenate([take(blank, under, 0.0, rng).image.ravel() for _ in range(10)])
        assert noise.std() == pytest.approx(under.sigma, rel=0.04)
        star = take(bright, under, 0.0, rng)
        assert np.std((star.image - star.light)[star.light > 0.3 * star.light.max()]) > 2 * under.sigma
        sigmas.append(under.sigma)
    assert sigmas[1] / sigmas[0] == pytest.approx(10 ** (0.2 * (instrument.darkest - instrument.brightest)))


@INSTRUMENTS
def test_a_reference_is_as_deep_as_twenty_to_forty_epochs(instrument: Instrument) -> None:
    reference = stack(instrument, scene(instrument, None), np.random.default_rng(2), instrument.seeing)
    ratio = (instrument.sigma(instrument.median_sky) / reference.conditions.sigma) ** 2
    assert 20 <= round(ratio) <= 40
    assert reference.image.std() == pytest.approx(reference.conditions.sigma, rel=0.1)


def test_a_deep_field_has_five_to_ten_sources_above_the_limit_in_25_arcsec() -> None:
    rng = np.random.default_rng(3)
    area = (VST.painted * VST.pixel_scale / 25.6) ** 2
    fluxes = [sum(one.flux > VST.flux(VST.depth) for one in field(VST, rng)) / area for _ in range(100)]
    assert 4 < np.mean(fluxes) < 10


@INSTRUMENTS
@pytest.mark.parametrize("brighter", [None, 1.0, 4.0])
def test_the_detector_finds_noise_where_nothing_changed_and_the_flux_that_came(
    instrument: Instrument, brighter: float | None
) -> None:
    rng = np.random.default_rng(4)
    shown = scene(instrument, None if brighter is None else instrument.depth - brighter)
    unchanged, changed = [], []
    for _ in range(150):
        reference = stack(instrument, shown, rng, 1.1 * instrument.seeing)
        under = conditions(
            instrument, shown.canvas, rng, fwhm=instrument.seeing, transparency=1.2, sky=instrument.median_sky
        )
        detector = Detector(reference, under)
        unchanged.append(detector.snr(take(shown, under, 0.0, rng).image))
        changed.append(detector.snr(take(shown, under, 2.0, rng).image))
    assert abs(np.mean(unchanged)) < 0.4
    assert 0.7 < np.std(unchanged) < 1.4
    # Twice the limiting flux, times the transparency; a bright star's own noise takes up to two thirds of it.
    assert 4 < np.mean(changed) < 12.5


@pytest.mark.parametrize("kind", KINDS)
def test_a_fault_changes_the_image_and_nothing_of_its_noise(kind: str) -> None:
    rng = np.random.default_rng(5)
    shown = scene(ZTF, 16.0)
    shot = take(shown, conditions(ZTF, shown.canvas, rng, fwhm=2.0, transparency=1.0), 0.0, rng)
    bad = spoilt_image(shot, kind, np.random.default_rng(6))
    assert shot.fault_snr(bad) == pytest.approx(np.sqrt((((bad - shot.image) / shot.conditions.sigma) ** 2).sum()))
    if kind in {"cloud", "registration", "tracking", "defocus", "cosmic rays", "asteroid", "crosstalk"}:
        corner = np.abs(bad - shot.image)[:5, :5]
        assert corner.max() < 0.3 * shot.conditions.sigma


def test_only_accepted_faults_are_sent() -> None:
    rng = np.random.default_rng(7)
    shown = scene(LSST, 20.0)
    shot = take(shown, conditions(LSST, shown.canvas, rng, fwhm=0.9, transparency=1.0), 0.0, rng)
    spoilt = spoil(shot, rng, lambda image: bool(shot.fault_snr(image) > 500))
    assert spoilt
    assert spoilt.snr > 500
    assert spoil(shot, rng, lambda _: False) is None
