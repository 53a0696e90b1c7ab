from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from broker.novelty.angle import nearest_by_angle
from broker.novelty.look_alikes import LookAlikes, Nearest


def brute_force(features: np.ndarray, entries: np.ndarray, own: list[np.ndarray], count: int) -> np.ndarray:
    distances = np.linalg.norm(features[:, None].astype(float) - entries.astype(float), axis=2)
    for row, those in enumerate(own):
        distances[row, those] = np.inf
    ordered = np.sort(distances, axis=1)[:, :count]
    return np.pad(ordered, ((0, 0), (0, count - ordered.shape[1])), constant_values=np.inf)


def index_of(entries: np.ndarray, number: str = "f32") -> LookAlikes:
    index = LookAlikes.empty(entries.shape[1], number)
    index.add(entries)
    return index


def saved(index: LookAlikes, folder: Path) -> LookAlikes:
    index.save(folder / "index")
    return LookAlikes.open(folder / "index")


@settings(max_examples=60)
@given(
    size=st.integers(1, 120), queries=st.integers(1, 5), count=st.integers(1, 12), own=st.integers(0, 130),
    seed=st.integers(0, 2**32 - 1), exact=st.booleans(),
)  # fmt: skip
def test_the_nearest_are_those_of_brute_force_and_never_the_objects_own(
    size: int, queries: int, count: int, own: int, seed: int, exact: bool
) -> None:
    rng = np.random.default_rng(seed)
    entries = rng.normal(size=(size, 6)).astype(np.float32)
    features = entries[rng.integers(0, size, queries)] + np.float32(0.01)
    left_out = [rng.permutation(size)[: int(rng.integers(0, own + 1))] for _ in range(queries)]
    with tempfile.TemporaryDirectory() as folder:
        found = saved(index_of(entries), Path(folder)).nearest(features, left_out, count, exact=exact)
    np.testing.assert_allclose(found.distances, brute_force(features, entries, left_out, count), rtol=1e-4, atol=1e-5)
    for rows, those in zip(found.rows, left_out, strict=True):
        real = rows[rows >= 0]
        assert not np.isin(real, those).any()
        assert len(set(real.tolist())) == len(real) == min(count, size - len(those))


def test_what_the_graph_finds_is_what_looking_at_every_entry_finds() -> None:
    rng = np.random.default_rng(1)
    entries = rng.normal(size=(5000, 8)).astype(np.float32)
    features, nobody = rng.normal(size=(200, 8)).astype(np.float32), [np.empty(0, np.int64)] * 200
    index = index_of(entries, "f16")

    def rows(exact: bool) -> Nearest:
        return index.nearest(features, nobody, 1, exact=exact)

    assert (rows(False).rows == rows(True).rows).mean() >= 0.99


def test_features_are_given_back_where_they_were_asked_for(tmp_path: Path) -> None:
    entries = np.random.default_rng(0).normal(size=(20, 5)).astype(np.float32)
    index_of(entries).save(tmp_path / "index")
    rows = np.array([3, 17])
    np.testing.assert_array_equal(LookAlikes.open(tmp_path / "index", lookups=True).features(rows), entries[rows])


@pytest.mark.parametrize("kept", [0.0, 0.1, 0.5, 0.99])
def test_a_truncated_index_is_refused(tmp_path: Path, kept: float) -> None:
    index_of(np.ones((50, 5), np.float32)).save(tmp_path / "index")
    whole = (tmp_path / "index").read_bytes()
    (tmp_path / "index").write_bytes(whole[: int(kept * len(whole))])
    with pytest.raises((RuntimeError, ValueError)):
        LookAlikes.open(tmp_path / "index")


def test_by_angle_a_fainter_one_of_the_same_kind_is_more_alike_than_a_near_one_of_another(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    kinds = np.eye(8, dtype=np.float32)[:2]
    strengths = rng.uniform(1.0, 10.0, 200).astype(np.float32)
    features = np.repeat(kinds, 100, axis=0) * strengths[:, None] + rng.normal(0, 0.02, (200, 8)).astype(np.float32)
    index = LookAlikes.empty(8, "f16")
    index.add(features)
    index.save(tmp_path / "index")
    opened = LookAlikes.open(tmp_path / "index", lookups=True)
    own = [np.array([3])]
    found = nearest_by_angle(opened, features[3:4], own, 50)
    assert (found.rows < 100).all()
    assert 3 not in found.rows
    assert (np.diff(found.distances[0]) >= -1e-3).all()
    faint = 0.2 * features[3:4]
    assert (opened.nearest(faint, own, 50, exact=True).rows >= 100).any()
    assert (nearest_by_angle(opened, faint, own, 50).rows < 100).all()
    few = nearest_by_angle(opened, features[3:4], own, 300)
    assert (few.rows[0] >= 0).sum() == 199
