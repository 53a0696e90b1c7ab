"""What is known of some objects, and what it tells of others."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from broker.novelty.annotate import judge
from broker.novelty.build import build
from broker.novelty.labels import Labels, Table, density_weights, read_table
from broker.novelty.recipe import ULISSE
from broker.novelty.space import half_whitened, taught
from broker.novelty.versions import open_current
from schemas.errors import NoveltyIndexError
from tests.broker.novelty.rows import image_of, sightings


def test_labels_give_fractions_and_properties_from_look_alikes(tmp_path: Path) -> None:
    rows = sightings(300, epochs=1)
    known = {one.identity.object_id: one.embedding for one in rows}
    values = {name: np.array([one[0], one[0] > 0, np.nan], np.float32) for name, one in known.items()}
    build(rows, tmp_path, replace(ULISSE, calibration_share=0.0), Table(("mass", "kind=bright", "age"), values))
    version = open_current(tmp_path, "ztf")
    asked = sightings(100, epochs=1, seed=5)
    answers = judge([image_of(one) for one in asked], {"ztf": version})
    names = [estimate.name for estimate in answers[0].estimates]
    assert names == ["mass", "mass (density-weighted)", "kind=bright", "kind=bright (density-weighted)"]
    truth = np.array([float(one.embedding[0]) for one in asked])
    for which in (0, 1):
        estimates = np.array([answer.estimates[which].value for answer in answers])
        assert np.corrcoef(truth, estimates)[0, 1] > 0.6
    assert all(answer.estimates[0].n_neighbours == 16 for answer in answers)
    assert all(0 <= answer.estimates[2].value <= 1 for answer in answers)


def test_a_rare_label_weighs_as_much_as_a_common_one() -> None:
    values = np.array([[0.0]] * 9 + [[1.0]], np.float32)
    labels = Labels(("rare",), values, density_weights(values))
    plain, weighted = labels.estimates(np.arange(10))
    assert plain.value == pytest.approx(0.1)
    assert plain.scatter == pytest.approx(0.3)
    assert weighted.value == pytest.approx(0.5)


def test_a_table_has_numbers_words_and_gaps(tmp_path: Path) -> None:
    (tmp_path / "table.csv").write_text("id,mass,kind\na,1.5,ring\nb,,spiral\nc,2,\n")
    table = read_table(tmp_path / "table.csv")
    assert table.names == ("mass", "kind=ring", "kind=spiral")
    np.testing.assert_array_equal(table.values["b"], np.array([np.nan, 0, 1], np.float32))
    np.testing.assert_array_equal(table.values["c"], np.array([2, np.nan, np.nan], np.float32))
    (tmp_path / "ragged.csv").write_text("id,mass\na\n")
    with pytest.raises(NoveltyIndexError, match="columns"):
        read_table(tmp_path / "ragged.csv")


def test_what_is_known_of_objects_brings_those_together_that_are_alike_in_it() -> None:
    rng = np.random.default_rng(0)
    embeddings = rng.normal(size=(600, 40))
    embeddings[:, 39] *= 0.1  # hardly any variance, and all that the property depends on
    values = np.stack([embeddings[:, 39], np.full(600, np.nan)], axis=1)
    plain = half_whitened(embeddings, 8)
    space = taught(plain, embeddings, values)
    assert space.dimensions == plain.dimensions + 1
    added = space.features(embeddings)[:, -1]
    assert abs(np.corrcoef(added, values[:, 0])[0, 1]) > 0.9
