from __future__ import annotations

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from models.intervals import weights
from models.roc import Ranking, auroc, auroc_difference

EPOCHS = st.lists(
    st.tuples(st.sampled_from([-np.inf, -1.0, 0.0, 0.5, 2.0]), st.booleans(), st.integers(0, 4)),
    min_size=2,
    max_size=30,
)


def pairwise(scores: np.ndarray, bad: np.ndarray) -> float:
    """The share of pairs that are ranked rightly, by comparing every one."""
    rightly = [(b > g) + 0.5 * (b == g) for b in scores[bad] for g in scores[~bad]]
    return float(np.mean(rightly))


@given(EPOCHS)
def test_the_area_is_the_share_of_pairs_ranked_rightly(epochs: list[tuple[float, bool, int]]) -> None:
    scores, bad, objects = (np.array(column) for column in zip(*epochs, strict=True))
    assume(bad.any() and not bad.all())
    assert auroc(scores, bad, objects).value == pytest.approx(pairwise(scores, bad))


@given(EPOCHS, st.integers(0, 999))
def test_a_resample_is_the_area_of_the_epochs_that_it_drew(epochs: list[tuple[float, bool, int]], draw: int) -> None:
    scores, bad, objects = (np.array(column) for column in zip(*epochs, strict=True))
    drawn = weights(5)[draw]
    repeated = np.repeat(np.arange(len(scores)), drawn[objects].astype(int))
    assume(len(set(bad[repeated])) == 2)
    assume(objects.max() == 4)
    area = Ranking.of(scores, bad, objects).auroc(drawn[None])[0]
    assert area == pytest.approx(pairwise(scores[repeated], bad[repeated]))


def test_without_bad_or_good_epochs_there_is_no_area() -> None:
    scores, objects = np.arange(5.0), np.arange(5)
    for bad in (np.zeros(5, bool), np.ones(5, bool)):
        assert np.isnan(auroc(scores, bad, objects).value)
    assert np.isnan(auroc(scores[:0], np.zeros(0, bool), objects[:0]).value)


def test_the_interval_covers_a_known_area() -> None:
    # Two normals one sigma apart: Phi(1 / sqrt 2) = 0.760.
    random = np.random.default_rng(5)
    bad = random.random(2000) < 0.2
    figure = auroc(random.normal(bad, 1.0), bad, np.arange(2000) // 4)
    assert figure.low < 0.7602 < figure.high
    assert figure.high - figure.low < 0.06


def test_a_pair_of_like_scores_is_told_apart_by_the_same_resamples() -> None:
    random = np.random.default_rng(6)
    bad = random.random(600) < 0.3
    worse = random.normal(bad, 1.0)
    better = worse + 0.1 * bad
    objects = np.arange(600) // 3
    difference = auroc_difference(better, worse, bad, objects)
    assert 0.0 < difference.low < difference.high
    apart = auroc(better, bad, objects), auroc(worse, bad, objects)
    assert difference.value == pytest.approx(apart[0].value - apart[1].value)
    assert apart[0].low < apart[1].high  # separately they overlap


def test_equal_scores_do_not_differ() -> None:
    bad = np.arange(40) % 4 == 0
    scores = np.random.default_rng(2).normal(size=40)
    figure = auroc_difference(scores, scores, bad, np.arange(40))
    assert (figure.value, figure.low, figure.high) == (0.0, 0.0, 0.0)
