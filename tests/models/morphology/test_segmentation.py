from __future__ import annotations

import numpy as np
import pytest

from models.morphology.segmentation import SIDE, segment
from tests.models.morphology.galaxies import COLUMNS, MIDDLE, NOISE, ROWS, disc, eight_bits


def test_the_mask_holds_the_galaxy_and_no_neighbour() -> None:
    one = segment(disc(length=4.0) + disc(5, 36, 1.5) + NOISE)
    assert one is not None
    assert one.centre == (MIDDLE, MIDDLE)
    assert one.galaxy[np.hypot(ROWS, COLUMNS) < 16].all()
    near_the_other = np.hypot(ROWS - 5, COLUMNS - 36) < 4
    assert not one.galaxy[near_the_other].any()
    assert one.neighbours[near_the_other].all()
    assert not (one.galaxy & one.neighbours).any()


def test_a_picture_of_eight_bits_has_the_mask_of_its_light() -> None:
    plain, picture = segment(disc() + NOISE), segment(np.stack([eight_bits(disc() + NOISE)] * 3))
    assert plain is not None
    assert picture is not None
    assert (plain.galaxy & picture.galaxy).sum() > 0.85 * (plain.galaxy | picture.galaxy).sum()


def test_large_pictures_are_made_smaller_and_missing_pixels_are_sky() -> None:
    large = np.kron(disc() + NOISE, np.ones((3, 2)))
    large[:20] = np.nan
    one = segment(large)
    assert one is not None
    assert max(one.light.shape) == SIDE
    assert np.isfinite(one.light).all()
    assert one.galaxy[one.centre]


@pytest.mark.parametrize("picture", [np.zeros((40, 40)), np.full((3, 40, 40), 7.0), np.full((40, 40), np.nan)])
def test_without_light_there_is_no_galaxy(picture: np.ndarray) -> None:
    assert segment(picture) is None


def test_an_empty_middle_is_no_galaxy() -> None:
    one = segment(disc(-30, -30, 2.0) + NOISE * 0.01)
    assert one is not None
    assert one.centre == (MIDDLE - 30, MIDDLE - 30)
