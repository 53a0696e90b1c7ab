from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from broker.novelty.build import build
from broker.novelty.population_index import UNDISTURBED, PopulationIndex
from broker.novelty.recipe import Recipe
from broker.novelty.undisturbed import Undisturbed, stacked
from broker.novelty.versions import open_current
from models.morphology.disturbance import MEASURES
from schemas.errors import NoveltyIndexError
from tests.broker.novelty.rows import sightings


def measures(count: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(0.2, 0.05, (count, len(MEASURES))).astype(np.float32)


def test_what_is_more_disturbed_scores_higher_and_what_is_less_does_not(tmp_path: Path) -> None:
    usual = Undisturbed.of(measures(200))
    more = np.array([0.05, 0.2, 0.25, 0.4, 1.2])
    scores = usual.score(np.repeat(more[:, None], len(MEASURES), axis=1))
    assert (np.diff(scores) > 0).all()
    assert (scores > 0).all()
    assert scores[1] == pytest.approx(np.log(2), abs=0.1)
    usual.save(tmp_path / "one.npz")
    np.testing.assert_array_equal(Undisturbed.open(tmp_path / "one.npz").score(measures(9, 1)),
                                  usual.score(measures(9, 1)))  # fmt: skip


def test_the_network_counts_as_much_as_the_shapes_together() -> None:
    usual = Undisturbed.of(measures(200))
    shapes, network = usual.score(usual.middle + 4.0 * usual.spread * np.array([[1, 1, 1, 0], [0, 0, 0, 1]]))
    assert shapes == pytest.approx(network)
    assert shapes == pytest.approx(np.log1p(np.exp(2.0)))


@pytest.mark.parametrize("stored", [{}, {"measures": np.array([*MEASURES[:3], "log odds of another"])}])
def test_an_index_of_other_measures_is_refused(tmp_path: Path, stored: dict[str, np.ndarray]) -> None:
    known = [replace(one, disturbance=row) for one, row in zip(sightings(200, epochs=1), measures(200), strict=True)]
    build(known, tmp_path, Recipe(axes=4))
    (index,) = open_current(tmp_path, "ztf").populations.values()
    assert index.undisturbed is not None
    np.savez(index.folder / UNDISTURBED, middle=index.undisturbed.middle, spread=index.undisturbed.spread, **stored)
    with pytest.raises(NoveltyIndexError, match=r"judged by other measures than rotational.*build the version again"):
        PopulationIndex.open(index.folder, index.facts)


def test_copies_of_one_picture_leave_scores_finite() -> None:
    assert np.isfinite(Undisturbed.of(np.zeros((9, len(MEASURES)))).score(measures(5))).all()


def test_an_index_of_pictures_goes_by_their_shapes(tmp_path: Path) -> None:
    known = [replace(one, disturbance=row) for one, row in zip(sightings(200, epochs=1), measures(200), strict=True)]
    build(known, tmp_path, Recipe(axes=4))
    (index,) = open_current(tmp_path, "ztf").populations.values()
    assert index.facts.score == "disturbed"
    asked, first = known[:2], np.ones(2, np.bool_)
    embeddings, who = np.stack([one.embedding for one in asked]), [one.identity for one in asked]
    torn = np.stack([measures(1, 5)[0], np.ones(len(MEASURES), np.float32)])
    scored = index.score(embeddings, who, first, disturbances=torn)
    assert scored.p_values[0] > 0.03 > scored.p_values[1]
    # Look-alikes are those of the embeddings, and what is no picture is not judged.
    unknown = index.score(embeddings, who, first, disturbances=stacked([None, torn[1]]))
    np.testing.assert_array_equal(unknown.nearest.rows, scored.nearest.rows)
    assert np.isnan(unknown.p_values).tolist() == [True, False]


def test_where_not_all_are_pictures_the_distance_judges(tmp_path: Path) -> None:
    known = sightings(40, epochs=1)
    known[0] = replace(known[0], disturbance=measures(1)[0])
    build(known, tmp_path, Recipe(axes=4))
    (index,) = open_current(tmp_path, "ztf").populations.values()
    assert (index.facts.score, index.undisturbed) == ("relative", None)
