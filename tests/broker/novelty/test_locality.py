from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from broker.novelty.locality import AXES, locality_order, widest_axes


@given(st.integers(0, 700), st.integers(0, 3))
def test_every_row_has_its_place_once(count: int, seed: int) -> None:
    places = np.random.default_rng(seed).integers(0, 5, (count, 3)).astype(np.float32)
    assert sorted(locality_order(places)) == list(range(count))


def test_neighbours_in_the_order_are_neighbours_in_space() -> None:
    places = np.random.default_rng(0).normal(size=(5000, 4)).astype(np.float32)

    def apart(order: np.ndarray) -> float:
        return float(np.median(np.linalg.norm(np.diff(places[order], axis=0), axis=1)))

    assert apart(locality_order(places)) < 0.4 * apart(np.arange(5000))


def test_the_axes_that_scatter_most_decide() -> None:
    scales = np.arange(1, AXES + 13)
    sample = np.random.default_rng(0).normal(size=(3000, len(scales))) * scales
    assert sorted(widest_axes(sample)) == list(range(12, AXES + 12))
