from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from broker.novelty.calibration import COUNTED, REACH, Calibration, fit_tail

scores = st.lists(st.floats(0, 1e6), max_size=400)


@given(scores, st.lists(st.floats(0, 1e9), min_size=2, max_size=20))
def test_p_values_lie_in_the_unit_interval_and_never_rise_with_the_score(
    calibration: list[float], asked: list[float]
) -> None:
    p = Calibration.of(np.array(calibration)).p_values(np.sort(asked))
    assert ((p > 0) & (p <= 1)).all()
    assert (np.diff(p) <= 1e-12).all()
    assert p.min() >= 1 / (REACH * (len(calibration) + 1))


@given(scores, st.floats(0, 1e6))
def test_a_p_value_is_a_count_where_there_is_enough_to_count(calibration: list[float], score: float) -> None:
    frozen = Calibration.of(np.array(calibration))
    higher = sum(one >= score for one in calibration)
    if frozen.tail is None or higher >= COUNTED:
        assert frozen.p_values(np.array([score]))[0] == pytest.approx((1 + higher) / (len(calibration) + 1))


@pytest.mark.parametrize("size", [20, 99, 200])
def test_p_values_of_exchangeable_scores_are_uniform_or_larger(size: int) -> None:
    rng = np.random.default_rng(size)
    p = np.concatenate([Calibration.of(rng.lognormal(size=size)).p_values(rng.lognormal(size=5)) for _ in range(2000)])
    for level in (0.05, 0.1, 0.25, 0.5, 0.9):
        share = (p <= level).mean()
        assert share <= level + 4 * np.sqrt(level * (1 - level) / 2000)
        assert share >= level - 1 / (size + 1) - 4 * np.sqrt(level * (1 - level) / 2000)


@pytest.mark.parametrize("draw", ["exponential", "lognormal", "uniform", "pareto"])
def test_the_tail_continues_where_the_counts_end(draw: str) -> None:
    rng = np.random.default_rng(0)

    def some(size: int) -> np.ndarray:
        return rng.pareto(4, size) if draw == "pareto" else getattr(rng, draw)(size=size)

    below = [(Calibration.of(some(2000)).p_values(some(20_000)) <= 1e-4).mean() for _ in range(100)]
    # Ten times finer than counts among 2000 could tell, and never bolder than half as much again.
    assert np.mean(below) <= 1.5e-4
    if draw != "uniform":
        assert np.mean(below) >= 2e-5


def test_scores_that_are_all_the_same_have_no_tail() -> None:
    assert fit_tail(np.ones(1000)) is None
    assert fit_tail(np.arange(100.0)) is None
