from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from broker.classifiers.contract import Abstention, Sight, View
from broker.classifiers.views import NO_HOST, NO_REFERENCE, difference_view, lasting_view, recentred
from models.simulate.streaks.sources import star
from tests.broker.classifiers.sights import Image, a_sight


def noise(shape: tuple[int, int] = (40, 40), seed: int = 1) -> Image:
    return np.random.default_rng(seed).standard_normal(shape, dtype=np.float32)


def centred(sight: Sight) -> View | Abstention:
    view = lasting_view(sight)
    return view if isinstance(view, Abstention) else recentred(view)


def seen(view: View | Abstention) -> View:
    assert isinstance(view, View), view
    return view


def test_the_packets_own_difference_is_turned_where_the_survey_turned_it() -> None:
    for sign in (1, -1):
        view = seen(difference_view(a_sight(science=noise(), difference=noise(seed=2), difference_sign=sign)))
        np.testing.assert_array_equal(view.pixels, sign * noise(seed=2))
        assert view.input_image == "difference"


def test_without_a_difference_it_is_science_minus_reference() -> None:
    view = seen(difference_view(a_sight(science=noise(), reference=noise(seed=2))))
    np.testing.assert_array_equal(view.pixels, noise() - noise(seed=2))
    damaged = a_sight(science=noise(), reference=noise(seed=2))
    object.__setattr__(damaged.packet, "difference", b"no image")
    np.testing.assert_array_equal(seen(difference_view(damaged)).pixels, view.pixels)


@pytest.mark.parametrize(
    ("science", "reference", "reason"),
    [(noise(), None, NO_REFERENCE), (None, noise(), "stamp missing"), (noise(), noise((30, 30)), "stamp size")],
)
def test_what_cannot_be_subtracted_has_a_reason(science: Image | None, reference: Image | None, reason: str) -> None:
    view = difference_view(a_sight(science=science, reference=reference))
    assert isinstance(view, Abstention)
    assert reason in view.reason


def test_too_many_missing_pixels_are_not_looked_at() -> None:
    image = noise()
    image[:, :13] = np.nan
    view = difference_view(a_sight(science=noise(), difference=image))
    assert view == Abstention("difference", "too many missing pixels")


@settings(max_examples=40)
@given(st.integers(-8, 8), st.integers(-8, 8), st.integers(30, 60), st.integers(30, 60))
def test_the_host_comes_into_the_middle_and_takes_the_sky_along(right: int, up: int, rows: int, columns: int) -> None:
    x, y = (columns - 1) / 2 + right, (rows - 1) / 2 + up
    view = seen(centred(a_sight(reference=noise((rows, columns)) + 2000 * star((rows, columns), x, y, 3.0))))
    assert view.input_image == "reference"
    assert view.pixels.shape == (rows, columns)
    brightest = np.unravel_index(np.nanargmax(view.pixels), view.pixels.shape)
    assert np.hypot(brightest[0] - (rows - 1) / 2, brightest[1] - (columns - 1) / 2) < 2.2
    # The object, which the frame has in its middle, is now as far from the host as it was.
    assert view.geometry.x - brightest[1] == pytest.approx(-right, abs=1.6)
    assert view.geometry.y - brightest[0] == pytest.approx(-up, abs=1.6)


def test_of_two_sources_the_nearer_is_the_host_unless_it_is_much_fainter() -> None:
    def middle(near: float, far: float) -> float:
        image = noise((60, 60)) + near * star((60, 60), 32, 30, 3.0) + far * star((60, 60), 44, 30, 3.0)
        return seen(centred(a_sight(reference=image))).geometry.x

    assert middle(2000, 3000) == pytest.approx(29.5 - 2, abs=1)
    assert middle(200, 90_000) == pytest.approx(29.5 - 14, abs=1)


def test_a_host_beyond_reach_or_in_the_noise_is_none() -> None:
    empty = centred(a_sight(reference=noise()))
    beyond = centred(a_sight(reference=noise((80, 80)) + 5000 * star((80, 80), 70, 40, 3.0)))
    assert empty == beyond == Abstention("reference", NO_HOST)


def test_without_reference_the_host_is_looked_for_in_the_science_image() -> None:
    image = noise() + 2000 * star((40, 40), 20, 20, 3.0)
    assert seen(centred(a_sight(science=image))).input_image == "science"
    assert centred(a_sight()) == Abstention("reference", "stamp missing")


def test_of_a_cube_the_middle_band_is_seen() -> None:
    cube = np.stack([noise(seed=one) for one in (1, 2, 3)])
    view = seen(difference_view(a_sight(science=cube, difference=cube)))
    np.testing.assert_array_equal(view.pixels, cube[1])
