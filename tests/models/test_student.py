from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from typing import TYPE_CHECKING

import h5py
import numpy as np
import pytest

from broker.embedding import Embedder
from broker.network_input import network_input
from broker.sky_framed import prepare
from broker.stamp_pair import Stamp
from models import student
from models import weights as weight_files
from models.backbone import Backbone, load_backbone
from models.train.agreement import agreement
from schemas.errors import BackboneError, StampError
from tests.broker.stamps import both, centred, rubin_pairs, turned, window, ztf_pairs

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from broker.embedding import Embedded
    from broker.stamp_pair import StampPair

IMAGES = np.random.default_rng(5).uniform(0.0, 255.0, (5, 64, 64, 3)).astype(np.float32)


@pytest.fixture(scope="module")
def sosia() -> Backbone:
    return load_backbone("sosia-64")


@pytest.fixture(scope="module")
def teacher(weights: Path) -> Backbone:
    return load_backbone(weights=weights, batch=64)


@pytest.fixture(scope="module")
def ztf(shared_data: Path) -> list[StampPair]:
    return ztf_pairs(shared_data)


@pytest.fixture(scope="module")
def rubin(shared_data: Path) -> list[StampPair]:
    return rubin_pairs(shared_data)


def test_it_is_the_default_and_needs_no_network_and_no_cache(tmp_path: Path) -> None:
    script = "from models.backbone import load_backbone; b = load_backbone(); print(b.name, b.digest)"
    nowhere = os.environ | {"KERAS_HOME": str(tmp_path), "https_proxy": "http://127.0.0.1:9"}
    run = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, env=nowhere)
    name, digest = run.stdout.split()
    assert name == "sosia-64"
    assert len(digest) == 64
    assert not list(tmp_path.rglob("*.h5"))


def test_it_maps_small_stamps_to_the_teachers_features(sosia: Backbone) -> None:
    assert sosia.input_size == 64
    assert sosia.embed(IMAGES).shape == (5, 1280)
    assert sosia.manifest["architecture"] == "sosia-64"
    assert sosia.manifest["inputSize"] == 64
    np.testing.assert_allclose(sosia.embed(IMAGES[::-1])[::-1], sosia.embed(IMAGES), atol=1e-4)


def test_the_weights_are_small() -> None:
    assert weight_files.BUNDLED_FILE.stat().st_size < 12_000_000


def test_other_bytes_than_the_published_are_refused(tmp_path: Path) -> None:
    spoilt = bytearray(weight_files.BUNDLED_FILE.read_bytes())
    spoilt[len(spoilt) // 2] ^= 1
    file = tmp_path / "sosia-64.h5"
    file.write_bytes(spoilt)
    with pytest.raises(BackboneError, match=r"sosia-64.h5 have sha256 \w+ instead of \w+: install sosia-broker again"):
        weight_files.bundled(file)
    with pytest.raises(BackboneError, match=r"absent.h5 are missing: install sosia-broker again"):
        weight_files.bundled(tmp_path / "absent.h5")


def test_other_shapes_are_refused_even_with_the_right_checksum(tmp_path: Path) -> None:
    file = tmp_path / "sosia-64.h5"
    file.write_bytes(weight_files.BUNDLED_FILE.read_bytes())
    with h5py.File(file, "r+") as stored:
        name = f"{student.TELLING_LAYER}/{student.TELLING_LAYER}/bias:0"
        del stored[name]
        stored[name] = np.zeros(1000, dtype=np.float16)
    with pytest.raises(BackboneError, match="damaged or of another network"):
        weight_files.bundled(file, hashlib.sha256(file.read_bytes()).hexdigest())


def test_a_file_of_it_is_recognised(sosia: Backbone) -> None:
    from_file = load_backbone(weights=weight_files.BUNDLED_FILE)
    assert (from_file.name, from_file.digest) == ("sosia-64", sosia.digest)
    with pytest.raises(BackboneError, match="holds sosia-64"):
        load_backbone("efficientnet-b0", weight_files.BUNDLED_FILE)


def test_folding_and_half_floats_keep_the_function(tmp_path: Path) -> None:
    trained = student.build(normalised=True)
    random = np.random.default_rng(8)
    trained.set_weights(
        [
            np.abs(w) + random.uniform(0.5, 1.5, w.shape)
            if "variance" in v.name
            else w + random.normal(0, 0.05, w.shape)
            for v, w in zip(trained.weights, trained.get_weights(), strict=True)
        ]
    )
    expected = trained(IMAGES / 255.0, training=False).numpy()
    folded = student.fold(trained)
    np.testing.assert_allclose(folded(IMAGES / 255.0), expected, atol=1e-4 * np.abs(expected).max())
    student.save(folded, tmp_path / "halved.h5")
    stored = student.build()
    stored.load_weights(str(tmp_path / "halved.h5"))
    np.testing.assert_allclose(stored(IMAGES / 255.0), expected, atol=1e-2 * np.abs(expected).max())
    assert [file.name for file in tmp_path.iterdir()] == ["halved.h5"]


def test_it_agrees_with_its_teacher_on_real_stamps(
    sosia: Backbone, teacher: Backbone, ztf: list[StampPair], rubin: list[StampPair]
) -> None:
    pairs = [
        (one.science, one.reference)
        for one in prepare(ztf + rubin)
        if not isinstance(one.science, StampError) and not isinstance(one.reference, StampError)
    ]
    assert len(pairs) > 260

    def features(network: Backbone) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        science, reference = (
            network.embed(network_input([pair[which] for pair in pairs], network.input_size)) for which in (0, 1)
        )
        return science, reference

    found = agreement(features(teacher), features(sosia))
    assert found.cosine.value >= 0.8
    assert found.spearman.value >= 0.85
    assert found.neighbours.value >= 6.0


def places(results: list[Embedded]) -> NDArray[np.float64]:
    """Where science and reference images lie, packet by packet; NaN where one is missing."""
    nowhere = np.full(1280, np.nan)
    return np.array(
        [
            [nowhere if place is None else place for place in (one.science_embedding, one.reference_embedding)]
            for one in results
        ]
    )


def first_neighbour_distance(found: NDArray[np.float64]) -> float:
    science = found[~np.isnan(found).any(axis=(1, 2)), 0]
    distances = np.linalg.norm(science[:, None] - science, axis=2)
    np.fill_diagonal(distances, np.inf)
    return float(np.median(distances.min(axis=1)))


@pytest.mark.parametrize("survey", ["ztf", "rubin"])
def test_a_stamp_turned_or_shifted_hardly_moves(survey: str, sosia: Backbone, request: pytest.FixtureRequest) -> None:
    pairs: list[StampPair] = request.getfixturevalue(survey)[::2]
    before = places(Embedder(sosia).embed(pairs))
    limit = first_neighbour_distance(before) / 3
    for quarters in (1, 2, 3):
        after = places(Embedder(sosia).embed([both(pair, lambda s, q=quarters: turned(s, q)) for pair in pairs]))
        assert np.nanmax(np.linalg.norm(after - before, axis=2)) < limit
    for right, up in ((1, 0), (0, 1), (-1, -1)):

        def shifted(stamp: Stamp, right: int = right, up: int = up) -> Stamp:
            return window(stamp, right, up, *stamp.cutout.image.shape[::-1])

        after = places(Embedder(sosia).embed([both(pair, shifted) for pair in pairs]))
        assert np.nanquantile(np.linalg.norm(after - before, axis=2), 0.95) < limit


def test_a_larger_stamp_of_the_same_sky_hardly_moves(sosia: Backbone, rubin: list[StampPair]) -> None:
    limit = first_neighbour_distance(places(Embedder(sosia).embed(rubin))) / 3
    large = [
        pair
        for pair in rubin
        if all(
            not isinstance(s, StampError) and min(s.cutout.image.shape) >= 36 for s in (pair.science, pair.reference)
        )
    ]
    before = places(Embedder(sosia).embed(large))
    after = places(Embedder(sosia).embed([both(pair, lambda s: centred(s, 31)) for pair in large]))
    assert np.nanmax(np.linalg.norm(after - before, axis=2)) < limit
