"""Lens candidates by frequency, on few stamps."""

from __future__ import annotations

import numpy as np
import pytest

from consumers.assembly import open_examiner
from consumers.evaluate_novelty import lens_candidates
from consumers.evaluate_novelty.lens_candidates import PROPOSED, _purities, _votes, measure
from consumers.settings import BackboneSettings


def test_what_most_propose_are_the_ones_like_them() -> None:
    rng = np.random.default_rng(0)
    places = rng.normal(size=(1000, 4)).astype(np.float32)
    places[:PROPOSED] += 20
    asked = (20 + rng.normal(size=(7, 4))).astype(np.float32)
    votes = _votes(asked, places)
    assert votes[:PROPOSED].mean() > 6
    assert votes.sum() == 7 * PROPOSED
    assert np.array_equal(_votes(asked[::-1], places), votes)


def test_purity_is_told_of_the_highest_and_only_where_there_are_as_many_lenses() -> None:
    lens = np.arange(500) < 150
    values = np.where(lens, 1.0, 0.0)
    values[20:50] = -1.0  # thirty lenses come last
    (purity,) = _purities(values, lens).values()
    assert (purity.value, purity.n) == (1.0, 100)
    assert {first: one.value for first, one in _purities(-values, np.ones(500, bool)).items()} == {100: 1.0, 200: 1.0}
    assert _purities(-values, lens)[100].value == 0.3


def test_lenses_are_found_by_lenses_better_than_by_guessing(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, few in (("QUERIES", 12), ("PROPOSED", 6), ("FIRST", (6, 100))):
        monkeypatch.setattr(lens_candidates, name, few)
    found = measure(open_examiner(BackboneSettings()).embedder, "ground-ugri", 70)
    assert set(found) == {
        "by frequency, features of the backbone",
        "by frequency, features of the lens network",
        "by the lens network's own score",
    }
    assert all(set(one) == {6} for one in found.values())  # there are no hundred lenses among them
    assert min(one[6].value for one in found.values()) > 4 * lens_candidates.PREVALENCE
