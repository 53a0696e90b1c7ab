from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.morphology.asymmetry import asymmetries, turned
from models.morphology.deviation import deviation
from models.morphology.disturbance import MEASURES, DisturbanceMeter, shape
from models.morphology.segmentation import segment
from tests.models.morphology.galaxies import COLUMNS, NOISE, ROWS, disc, eight_bits, tail


@given(st.integers(0, 12), st.integers(0, 16))
def test_turned_twice_it_is_itself_where_it_stayed_inside(row: int, column: int) -> None:
    image = np.arange(1, 64).reshape(7, 9)
    once = turned(image, (row, column))
    if once[3, 4]:
        assert once[3, 4] == image[row - 3, column - 4]
    twice = turned(once, (row, column))
    np.testing.assert_array_equal(twice[twice > 0], image[twice > 0])
    assert (twice > 0).sum() == (once > 0).sum()


@pytest.mark.parametrize("place", [(0.0, 0.0), (0.5, -0.5), (1.3, 0.8)])
def test_a_round_galaxy_is_undisturbed_wherever_its_centre_falls(place: tuple[float, float]) -> None:
    for picture in (disc(*place) + NOISE, eight_bits(disc(*place) + NOISE)):
        rotational, outline, apart = shape(picture)
        assert abs(rotational) < 0.15
        assert outline < 0.15
        assert apart < 0.05


def test_a_faint_tail_is_in_the_outline_more_than_in_the_light() -> None:
    galaxy = disc(length=4.0)
    plain, torn = (shape(light + NOISE) for light in (galaxy, galaxy + tail()))
    assert torn[1] > plain[1] + 0.08
    assert torn[0] < plain[0] + 0.5 * (torn[1] - plain[1])


def test_a_neighbour_apart_does_not_count() -> None:
    galaxy = disc(length=4.0)
    alone, beside = (shape(eight_bits(light + NOISE)) for light in (galaxy, galaxy + disc(5, 36, 1.5)))
    np.testing.assert_allclose(alone, beside, atol=0.1)


def test_two_galaxies_in_one_outline_deviate_by_what_parts_them() -> None:
    light = disc(length=4.0) + disc(0, 14, 4.0, 200.0)
    one = segment(light)
    assert one is not None
    flux = np.where(one.galaxy, one.light, 0.0)
    middle = (flux * COLUMNS).sum() / flux.sum()
    assert middle > 4.0
    assert deviation(one) == pytest.approx(math.sqrt(math.pi / one.galaxy.sum()) * middle, rel=0.05)
    rotational, outline = asymmetries(one)
    assert rotational > 0.3
    assert outline < 0.3  # two round discs have an outline that is nearly the same upside down


def test_the_peak_is_that_of_the_basin_with_most_light_not_the_brightest_pixel() -> None:
    one = segment(disc(length=8.0, peak=100.0) + 400.0 * np.exp(-0.5 * np.hypot(ROWS, COLUMNS - 15) ** 2))
    assert one is not None
    assert deviation(one) < 0.1


@given(st.integers(0, 2**32 - 1), st.integers(8, 40), st.integers(8, 40), st.sampled_from([0.0, 0.3, 1.0]))
def test_whatever_a_picture_holds_its_measures_are_numbers(seed: int, rows: int, columns: int, missing: float) -> None:
    rng = np.random.default_rng(seed)
    picture = 10.0 ** rng.uniform(-20, 6) * rng.standard_cauchy((3, rows, columns)).astype(np.float32)
    picture[:, rng.random((rows, columns)) < missing] = np.nan
    for one in (picture, np.rint(picture), np.clip(picture, 0, 1)):
        found = shape(one)
        assert np.isfinite(found).all()
        assert 0.0 <= found[1] <= 1.0


def test_a_blank_picture_is_not_disturbed() -> None:
    assert shape(np.zeros((3, 40, 40))) == (0.0, 0.0, 0.0)


def test_all_measures_rise_from_a_disc_to_one_with_a_tail_and_a_blank_picture_has_them_too() -> None:
    galaxy = disc(length=4.0)
    blank, unseen = np.zeros((3, 40, 40)), np.full((3, 40, 40), np.nan)
    pictures = [eight_bits(galaxy + NOISE), eight_bits(galaxy + 2.0 * tail() + NOISE), blank, unseen]
    measured = DisturbanceMeter().measure(pictures)
    assert measured.shape == (4, len(MEASURES))
    assert np.isfinite(measured).all()
    assert (measured[1] > measured[0]).all()
    assert DisturbanceMeter().measure([]).shape == (0, len(MEASURES))
