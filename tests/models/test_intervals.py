from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.intervals import RESAMPLES, bootstrapped, draws, share, weights, wilson


@pytest.mark.parametrize(
    ("hits", "n", "low", "high"),
    # Newcombe 1998, Stat. Med. 17, 857, table I, method 3.
    [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0, 0.1611), (1, 29, 0.0061, 0.1718)],
)
def test_wilson_gives_the_published_intervals(hits: int, n: int, low: float, high: float) -> None:
    figure = wilson(hits, n)
    assert (figure.low, figure.high) == pytest.approx((low, high), abs=5e-5)
    assert figure.value == hits / n


@given(st.integers(1, 10_000).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_wilson_holds_the_share_and_mirrors(case: tuple[int, int]) -> None:
    hits, n = case
    figure, mirrored = wilson(hits, n), wilson(n - hits, n)
    assert 0.0 <= figure.low <= figure.value <= figure.high <= 1.0
    assert figure.low == pytest.approx(1.0 - mirrored.high, abs=1e-12)


def test_of_nothing_any_share_is_possible() -> None:
    for figure in (wilson(0, 0), share([], [])):
        assert np.isnan(figure.value)
        assert (figure.low, figure.high, figure.n) == (0.0, 1.0, 0)


def test_weights_count_the_draws() -> None:
    counted = weights(7)
    assert counted.shape == (RESAMPLES, 7)
    for drawn, count in zip(draws(7), counted, strict=True):
        np.testing.assert_array_equal(np.bincount(drawn, minlength=7), count)


def test_the_bootstrap_of_a_mean_is_as_wide_as_its_standard_error() -> None:
    values = np.random.default_rng(1).normal(3.0, 2.0, 400)
    figure = bootstrapped(values.mean(), values[draws(400)].mean(axis=1), 400)
    assert figure.high - figure.low == pytest.approx(2 * 1.96 * values.std() / 20, rel=0.1)
    assert figure.low < figure.value < figure.high


def test_resamples_without_a_value_are_left_out() -> None:
    assert bootstrapped(1.0, np.array([np.nan, 1.0, 1.0]), 3).low == 1.0


def test_epochs_that_are_hit_together_widen_the_interval() -> None:
    objects = np.repeat(np.arange(40), 25)
    alone = share(np.arange(1000) % 10 == 0, objects)
    together = share(objects < 4, objects)
    assert alone.value == together.value == 0.1
    assert together.high - together.low > 3 * (alone.high - alone.low)
    assert alone.low <= wilson(100, 1000).low


@given(st.lists(st.tuples(st.booleans(), st.integers(0, 3)), min_size=1, max_size=40))
def test_a_share_is_never_surer_than_wilson(epochs: list[tuple[bool, int]]) -> None:
    hits, objects = zip(*epochs, strict=True)
    figure, simple = share(hits, objects), wilson(sum(hits), len(hits))
    assert figure.value == simple.value
    assert figure.low <= simple.low
    assert figure.high >= simple.high
