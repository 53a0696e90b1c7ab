from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as shapes

from models import router_network, streak_network
from models.router_network import SIDE, prepare
from models.streak_network import in_sigma


@settings(max_examples=60)
@given(
    shapes.arrays(
        np.float32, st.tuples(st.integers(9, 200), st.integers(9, 200)), elements=st.floats(-(2**49), 2**49, width=32)
    ),
    st.sampled_from(["difference", "host"]),
)
def test_any_stamp_becomes_a_window_of_finite_numbers(stamp: np.ndarray, image: str) -> None:
    window = prepare([stamp], image)
    assert window.shape == (1, SIDE, SIDE, 1)
    assert np.isfinite(window).all()


def test_a_large_difference_is_cut_and_a_large_host_shown_whole() -> None:
    stamp = np.random.default_rng(1).standard_normal((96, 96)).astype(np.float32)
    stamp[2:6, 2:6] = 500.0
    cut, whole = prepare([stamp], "difference"), prepare([stamp], "host")
    assert cut.max() < 3.0
    assert whole[0, 1:4, 1:4, 0].max() > 5.0
    assert whole.mean() == pytest.approx(np.arcsinh(in_sigma(stamp)).mean(), abs=0.02)


def test_of_a_host_in_a_wide_array_only_what_has_pixels_is_shown() -> None:
    stamp = np.random.default_rng(1).standard_normal((40, 40)).astype(np.float32)
    wide = np.full((90, 90), np.nan, np.float32)
    wide[25:65, 25:65] = stamp
    np.testing.assert_allclose(prepare([wide], "host"), prepare([stamp], "host"), atol=0.05)
    assert not prepare([np.full((90, 90), np.nan, np.float32)], "host").any()


def test_it_costs_less_than_a_third_of_the_streak_network() -> None:
    def cost(convolutions: tuple[tuple[int, int, int], ...]) -> int:
        side, channels, found = SIDE, 1, 0
        for filters, size, stride in convolutions:
            side //= stride
            found, channels = found + side**2 * size**2 * channels * filters, filters
        return found

    # Two images an alert, which the streak network sees bright and dark.
    assert 2 * cost(router_network.CONVOLUTIONS) < 2 * cost(streak_network.CONVOLUTIONS) / 3
    assert router_network.build().output_shape == (None, 3)
