from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as shapes

from models import router_network
from models.router_network import SIDE, prepare


@settings(deadline=None, max_examples=60)
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
    assert whole.mean() == pytest.approx(np.arcsinh(router_network.in_sigma(stamp)).mean(), abs=0.01)


def test_it_costs_less_than_five_million_multiplications_an_alert() -> None:
    side, channels, cost = SIDE, 1, 0
    for filters, size, stride in router_network.CONVOLUTIONS:
        side //= stride
        cost, channels = cost + side**2 * size**2 * channels * filters, filters
    assert 2 * cost < 5_000_000
    assert router_network.build().output_shape == (None, 3)
