from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from broker.frame import FramedStamps, bring_to_frame, disc
from broker.geometry import Geometry, SkyFrame
from broker.stretch import stretch
from tests.broker.stamps import Stamp, rubin_pairs

if TYPE_CHECKING:
    from pathlib import Path

FRAME = SkyFrame(31, 1.0)
RANDOM = np.random.default_rng(5)
COLUMN, ROW = np.meshgrid(np.arange(31) - 15, np.arange(31) - 15)
STAR = np.exp(-0.5 * (COLUMN**2 + ROW**2) / 2.0**2)


def framed(image: np.ndarray) -> FramedStamps:
    return bring_to_frame([image.astype(np.float32)[None]], [Geometry.plain(image.shape, 1.0)], FRAME)


def field(peak: float, sigma: float, level: float = 0.0) -> FramedStamps:
    return framed(level + peak * STAR + RANDOM.normal(0.0, sigma, STAR.shape))


def nothing() -> FramedStamps:
    return framed(np.full(STAR.shape, np.nan))


def test_equal_fluxes_look_equal_whatever_the_background() -> None:
    image = 1000.0 * STAR + RANDOM.normal(0.0, 5.0, STAR.shape)
    science, reference = stretch(framed(image + 300.0), framed(image))
    np.testing.assert_allclose(science, reference, atol=1e-4)


def test_brightness_grows_with_flux_on_one_scale_set_by_the_reference() -> None:
    faint, reference = stretch(field(200.0, 5.0), field(1000.0, 5.0))
    bright, again = stretch(field(3000.0, 5.0), field(1000.0, 5.0))
    assert faint.max() < 0.9
    assert reference.max() == again.max() == bright.max() == 1.0
    assert (bright == 1.0).sum() > (again == 1.0).sum()


def test_a_deep_empty_reference_does_not_clip_the_science_images_noise() -> None:
    science, reference = stretch(field(0.0, 23.0), field(0.0, 5.0))
    assert ((science == 0.0) | (science == 1.0)).mean() < 0.01
    assert 4.0 < science.std() / reference.std() < 5.5


def test_without_a_reference_the_science_image_sets_its_own_limits() -> None:
    science, reference = stretch(field(1000.0, 5.0), nothing())
    assert np.isnan(reference).all()
    assert science.max() == 1.0
    assert 0.05 < np.median(science) < 0.35


def test_without_a_science_image_the_reference_stands_alone() -> None:
    science, reference = stretch(nothing(), field(1000.0, 5.0))
    assert np.isnan(science).all()
    assert reference.max() == 1.0


def test_the_background_is_dark_and_its_noise_visible() -> None:
    science, _ = stretch(field(2000.0, 5.0), field(2000.0, 1.0))
    corner = 255.0 * science[0, 0, :8, :8]
    assert 10.0 < corner.mean() < 80.0
    assert corner.std() > 5.0


def test_the_formula_of_the_docstring() -> None:
    science, reference = field(500.0, 7.0, 20.0), field(1500.0, 3.0)
    result, _ = stretch(science, reference)
    core = disc(31) == 1.0
    sigma = max(science.noise.item(), reference.noise.item())
    z_science = ((science.images - science.level) / sigma)[0, 0][core]
    white = max(30.0, np.quantile(((reference.images - reference.level) / sigma)[0, 0][core], 0.999))
    expected = (np.arcsinh(z_science / 3) + np.arcsinh(1)) / (np.arcsinh(white / 3) + np.arcsinh(1))
    np.testing.assert_allclose(result[0, 0][core], np.clip(expected, 0, 1), atol=1e-6)


def cube(*bands: np.ndarray) -> FramedStamps:
    image = np.stack(bands).astype(np.float32)
    return bring_to_frame([image], [Geometry.plain(STAR.shape, 1.0)], FRAME)


def test_a_source_keeps_its_colour_however_bright() -> None:
    noise = RANDOM.normal(0.0, 1.0, (3, *STAR.shape))
    reference = cube(*(noise + 200.0 * STAR))
    shown = {peak: stretch(cube(*(noise + peak * np.array([1, 2, 4])[:, None, None] * STAR)), reference)[0][0]
             for peak in (100.0, 1000.0, 10000.0)}  # fmt: skip
    for image in shown.values():
        blue, green, red = image[:, 15, 15]
        assert 1.8 < green / blue < 2.1
        assert 1.9 < red / green < 2.05
    assert shown[10000.0].max() == 1.0


def test_one_stretch_serves_all_bands() -> None:
    noise = RANDOM.normal(0.0, 1.0, (3, *STAR.shape))
    bands = [noise[0] + 500.0 * STAR, noise[1] + 5.0 * STAR, noise[2]]
    image = stretch(cube(*bands), cube(*bands))[0][0]
    assert image[0, 15, 15] > 10 * image[1, 15, 15]


def test_a_cube_of_equal_bands_is_its_single_band() -> None:
    image = 800.0 * STAR + RANDOM.normal(0.0, 4.0, STAR.shape)
    single, _ = stretch(framed(image), framed(image))
    triple, _ = stretch(cube(image, image, image), cube(image, image, image))
    np.testing.assert_allclose(triple[0], np.repeat(single[0], 3, axis=0), atol=1e-6)


def test_a_bright_star_on_the_rim_neither_shines_through_nor_sets_the_limits() -> None:
    image = 1000.0 * STAR + RANDOM.normal(0.0, 5.0, STAR.shape)
    starry = image.copy()
    starry[14:17, 1] += 1e6
    with_star, without = stretch(framed(starry), framed(starry))[0], stretch(framed(image), framed(image))[0]
    core = disc(31) == 1.0
    np.testing.assert_array_equal(with_star[0, 0][core], without[0, 0][core])
    assert np.abs(with_star - without).max() < 0.5


def test_on_real_rubin_pairs_hardly_a_pixel_is_clipped(shared_data: Path) -> None:
    pairs = [pair for pair in rubin_pairs(shared_data) if isinstance(pair.science, Stamp)]
    frames = [
        bring_to_frame([s.cutout.image[None] for s in stamps], [s.geometry for s in stamps], pairs[0].frame)
        for stamps in zip(*((pair.science, pair.reference) for pair in pairs), strict=True)
        if all(isinstance(s, Stamp) for s in stamps)
    ]
    science, reference = stretch(*frames)
    assert len(science) == 53
    assert (science == 1.0).mean() < 0.03
    assert (science == 0.0).mean() < 0.03
    assert (reference == 1.0).mean() < 0.03
