from __future__ import annotations

import io
import multiprocessing
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from broker.novelty import build as module
from broker.novelty import manifest as manifests
from broker.novelty.annotate import judge
from broker.novelty.build import build
from broker.novelty.feedback import Opinion, Ranking, append
from broker.novelty.labels import Table
from broker.novelty.population_index import PopulationIndex
from broker.novelty.recipe import ULISSE, Recipe
from broker.novelty.sighting import Identity, Population, Sighting
from broker.novelty.versions import current, open_current, open_version, survey_folder, use
from models import oddity_network
from schemas.errors import NoveltyIndexError
from tests.broker.novelty.rows import DIGEST, FEATURES, POPULATION, build_until_killed, image_of, sightings

RECIPE = Recipe(axes=6, calibration_share=0.4)


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("index")
    build(sightings(400), root, RECIPE)
    return root


def test_a_version_tells_what_it_holds(root: Path) -> None:
    version = open_current(root, "ztf", DIGEST)
    (facts,) = version.manifest.populations
    assert facts.entries == 480
    assert facts.objects == 240
    assert facts.calibration.first == facts.calibration.later == 160
    assert not facts.calibration.pooled
    assert facts.recall.queries == 320
    assert facts.recall.at_1 >= 0.99
    assert facts.recall.at_10 >= 0.99
    assert (facts.metric, facts.number, facts.space, facts.threads) == ("l2sq", "f16", "half-whitened", 1)
    assert facts.bytes_per_entry > 0


def test_ordinary_images_have_uniform_p_values_and_strange_ones_small_ones(root: Path) -> None:
    version = open_current(root, "ztf")
    ordinary = sightings(500, epochs=1, seed=1)
    strange = [replace(one, embedding=one.embedding * np.float16(4)) for one in sightings(50, epochs=1, seed=2)]
    p = np.array(
        [one.novelty.p_value for one in judge([image_of(one) for one in ordinary + strange], {"ztf": version})]
    )
    for level in (0.1, 0.3, 0.5, 0.7, 0.9):
        # Of 500 images and of 160 scores.
        assert abs((p[:500] <= level).mean() - level) <= 4 * np.sqrt(level * (1 - level) * (1 / 500 + 1 / 160))
    assert np.median(p[500:]) < 0.01


def test_an_object_is_never_its_own_look_alike_under_its_name_or_another(root: Path) -> None:
    version = open_current(root, "ztf")
    index = version.of(POPULATION)
    inside = {index.entries.object_id(row) for row in range(len(index.entries))}
    rows = [one for one in sightings(400) if one.identity.object_id in inside][:50]
    renamed = [replace(one, identity=replace(one.identity, object_id="another")) for one in rows]
    for sent, answer in zip(rows * 2, judge([image_of(one) for one in rows + renamed], {"ztf": version}), strict=True):
        objects = {neighbour.id.rsplit("-", 1)[0] for neighbour in answer.novelty.neighbours}
        assert sent.epoch_id.rsplit("-", 1)[0] not in objects
        assert len(answer.novelty.neighbours) == 5
    elsewhere = [replace(one, identity=Identity("another", 0.0, 89.0)) for one in rows]
    copies = judge([image_of(one) for one in elsewhere], {"ztf": version})
    assert all(answer.novelty.neighbours[0].id == one.epoch_id for one, answer in zip(rows, copies, strict=True))


def test_an_image_that_cannot_be_scored_says_why(root: Path) -> None:
    version, one = open_current(root, "ztf"), sightings(1, seed=3)[0]
    images = [
        image_of(one, embedding=None, reason="stamp blank"),
        image_of(one, digest="other"),
        image_of(one, population=Population("ztf", "r")),
        image_of(one, population=Population("lsst", "g")),
        image_of(one, embedding=np.full(FEATURES, np.inf)),
        image_of(one, problematic=True),
        image_of(one),
    ]
    answers = [answer.novelty for answer in judge(images, {"ztf": version})]
    assert [answer.state for answer in answers] == [
        "unreadable", "no_index", "no_index", "no_index", "unreadable", "problematic", "scored"
    ]  # fmt: skip
    assert all(answer.reason for answer in answers[:6])
    assert all(answer.p_value is None for answer in answers[:6])
    assert answers[5].distance == answers[6].distance
    assert answers[6].p_value is not None
    assert answers[6].index_version == version.name


def test_ulisse_searches_whole_embeddings_in_single_precision(tmp_path: Path) -> None:
    rows = sightings(60)
    build(rows, tmp_path, ULISSE)
    version = open_current(tmp_path, "ztf")
    index = version.of(POPULATION)
    inside = {index.entries.epoch_id(row): one for row in range(len(index.entries)) for one in rows
              if one.epoch_id == index.entries.epoch_id(row)}  # fmt: skip
    asked = sightings(20, epochs=1, seed=9)
    for one, answer in zip(asked, judge([image_of(one) for one in asked], {"ztf": version}), strict=True):
        distances = {name: np.linalg.norm(other.embedding.astype(float) - one.embedding.astype(float))
                     for name, other in inside.items()}  # fmt: skip
        nearest = min(distances, key=distances.get)
        assert answer.novelty.neighbours[0].id == nearest
        assert answer.novelty.distance == pytest.approx(distances[nearest], rel=1e-5)
        assert answer.novelty.k == 1


def test_problematic_repeated_and_near_duplicate_rows_stay_out(tmp_path: Path) -> None:
    rows = sightings(80, epochs=1)
    bad = [replace(one, epoch_id=f"bad {one.epoch_id}", problematic=True) for one in rows[:10]]
    near = [replace(one, epoch_id=f"near {one.epoch_id}", mjd=60001.0) for one in rows]
    no_place = replace(rows[0], epoch_id="nan", embedding=np.full(FEATURES, np.nan, np.float16))
    build([*rows, *bad, *near, *rows, no_place], tmp_path, replace(RECIPE, calibration_share=0.0))
    index = open_current(tmp_path, "ztf").of(POPULATION)
    dropped = index.facts.dropped
    assert (dropped.problematic, dropped.repeated, dropped.not_finite, dropped.near_duplicates) == (10, 80, 1, 80)
    assert {index.entries.epoch_id(row) for row in range(len(index.entries))} == {one.epoch_id for one in rows}


def test_a_band_without_enough_good_images_is_left_out(tmp_path: Path) -> None:
    few = sightings(9, seed=1, population=Population("ztf", "r"))
    bad = [replace(one, problematic=True) for one in sightings(40, seed=2, population=Population("ztf", "i"))]
    build([*sightings(40), *few, *bad], tmp_path, RECIPE)
    assert list(open_current(tmp_path, "ztf").populations) == [("g", "science")]


def test_more_rows_than_fit_are_thinned_by_whole_objects(tmp_path: Path) -> None:
    rows = sightings(300)
    small = replace(RECIPE, memory=200 * 2400, near_duplicate=0.0)
    build(rows, tmp_path / "a", small)
    build(rows[::-1], tmp_path / "b", small)
    a, b = (open_current(tmp_path / one, "ztf").of(POPULATION) for one in "ab")
    assert a.facts.dropped.for_memory >= 400
    kept = [{index.entries.object_id(row) for row in range(len(index.entries))} for index in (a, b)]
    assert kept[0] == kept[1]
    assert a.facts.entries == 2 * a.facts.objects


def test_a_damaged_or_foreign_version_is_refused_and_the_last_good_one_stays(tmp_path: Path) -> None:
    good = build(sightings(40), tmp_path, RECIPE)
    version = build(sightings(40, seed=1), tmp_path, RECIPE)
    with pytest.raises(NoveltyIndexError, match="backbone"):
        open_version(version, "another digest")
    for path in sorted(path for path in version.rglob("*") if path.is_file()):
        whole = path.read_bytes()
        for damaged in (whole[:-1], whole[: len(whole) // 2], whole[:20] + bytes([whole[20] ^ 1]) + whole[21:]):
            path.write_bytes(damaged)
            if path.name == manifests.FILE and damaged == whole[:-1]:
                continue  # the last byte is a newline
            with pytest.raises(NoveltyIndexError):
                open_version(version)
        path.unlink()
        with pytest.raises(NoveltyIndexError):
            open_version(version)
        path.write_bytes(whole)
    open_version(version)
    use(tmp_path, "ztf", good.name)
    assert open_current(tmp_path, "ztf").name == good.name
    assert manifests.read(version).previous == good.name


def test_files_that_are_as_told_and_yet_do_not_belong_together_are_refused(tmp_path: Path) -> None:
    rows = [replace(one, thumbnail=np.zeros((8, 8), np.uint8)) for one in sightings(40)]
    version = build(rows, tmp_path, RECIPE, Table(("mass",), {rows[0].identity.object_id: np.ones(1, np.float32)}))
    facts, folder = manifests.read(version).populations[0], version / "0"

    def opened() -> tuple[PopulationIndex, Ranking]:
        return PopulationIndex.open(folder, facts), Ranking.open(folder)

    for path in (*folder.glob("*.npy"), *folder.glob("*.npz")):
        whole, shorter = path.read_bytes(), io.BytesIO()
        np.save(shorter, np.load(path)[:-1] if path.suffix == ".npy" else np.zeros(7))
        for other in (b"", whole[:-30], shorter.getvalue()):
            path.write_bytes(other)
            with pytest.raises(NoveltyIndexError):
                opened()
        path.write_bytes(whole)
    assert opened()


@pytest.mark.parametrize("name", ["current", "feedback.jsonl"])
def test_a_file_beside_the_versions_that_is_no_text_is_named(name: str, tmp_path: Path) -> None:
    build(sightings(40), tmp_path, RECIPE)
    (tmp_path / "ztf" / name).write_bytes(b"\xff\xfe\x00")
    with pytest.raises(NoveltyIndexError, match=name):
        build(sightings(40), tmp_path, RECIPE)


def test_rows_of_two_backbones_or_surveys_do_not_go_into_one_index(tmp_path: Path) -> None:
    for other in (sightings(20, digest="x" * 64), sightings(20, population=Population("lsst", "g"))):
        with pytest.raises(NoveltyIndexError, match="do not go into one index"):
            build([*sightings(20), *other], tmp_path, RECIPE)
    with pytest.raises(NoveltyIndexError, match="too few"):
        build(sightings(3), tmp_path, RECIPE)
    assert [path.name for path in (tmp_path / "ztf").iterdir()] == [".lock"]
    with pytest.raises(NoveltyIndexError, match="name of a folder"):
        build(sightings(20, population=Population("../up", "g")), tmp_path, RECIPE)


def test_a_builder_that_is_killed_leaves_only_whole_versions(tmp_path: Path) -> None:
    context = multiprocessing.get_context("spawn")
    for round_number in range(3):
        builder = context.Process(target=build_until_killed, args=(tmp_path,))
        before = len(versions_in(tmp_path))
        builder.start()
        while len(versions_in(tmp_path)) < before + 1 + round_number and builder.is_alive():
            builder.join(0.01)
        builder.kill()
        builder.join()
        for folder in versions_in(tmp_path):
            open_version(folder, DIGEST)
        # Nothing is in use where the first builder died between its version and the word that it is in use.
        if current(tmp_path, "ztf") is not None:
            open_current(tmp_path, "ztf")
    build(sightings(40), tmp_path, RECIPE)
    assert not list((tmp_path / "ztf").glob(".writing-*"))


def versions_in(root: Path) -> list[Path]:
    return sorted(path for path in (root / "ztf").glob("2*") if path.is_dir())


def test_feedback_moves_the_ranking_of_what_looks_alike_and_nothing_else(tmp_path: Path) -> None:
    rows = sightings(100)
    boring, interesting, artefact = rows[0], rows[20], rows[40]
    for one, opinion in ((boring, Opinion.BORING), (interesting, Opinion.INTERESTING), (artefact, Opinion.ARTEFACT)):
        append(survey_folder(tmp_path, "ztf"), one.identity.object_id, opinion)
    build(rows, tmp_path, replace(RECIPE, calibration_share=0.0))
    version = open_current(tmp_path, "ztf")
    index = version.of(POPULATION)
    assert index.facts.dropped.problematic == 2
    far = np.full(FEATURES, 40.0)
    asked = np.stack([boring.embedding, interesting.embedding, artefact.embedding, far]).astype(np.float32)
    moved = version.ranking(index).moved(np.ones(4), index.space.features(asked))
    assert moved[1] > 2 * moved[0] > 2 * moved[2]
    assert moved[3] == pytest.approx(1.0, abs=1e-3)


def test_a_row_of_the_topic_is_read_and_anything_else_refused() -> None:
    embedding = np.arange(4, dtype="<f2")
    record = {
        "survey": "ztf", "objectId": "o", "epochId": "e", "band": None, "mjd": 6e4, "ra": 1.0, "dec": 2.0,
        "image": "science", "backboneDigest": "d", "embedding": embedding.tobytes(), "problematic": None,
    }  # fmt: skip
    one = Sighting.from_record(record)
    assert one.population == Population("ztf", "", "science")
    np.testing.assert_array_equal(one.embedding, embedding)
    for wrong in ({**record, "embedding": b"odd"}, {"survey": "ztf"}):
        with pytest.raises(NoveltyIndexError):
            Sighting.from_record(wrong)


def test_an_index_of_embeddings_that_the_oddity_network_knows_keeps_the_network_beside_it(tmp_path: Path) -> None:
    network = oddity_network.shipped()
    rng = np.random.default_rng(0)
    known = [
        replace(one, digest=str(network.digests[0]), embedding=rng.normal(0, 0.3, 1280).astype(np.float16))
        for one in sightings(120, epochs=1)
    ]
    build(known, tmp_path, RECIPE)
    (index,) = open_current(tmp_path, "ztf").populations.values()
    assert index.facts.score == "odd"
    assert index.oddity is not None
    asked = np.stack([one.embedding for one in known[:20]])
    who = [one.identity for one in known[:20]]
    scored = index.score(asked, who, np.ones(20, np.bool_))
    without = replace(index, facts=replace(index.facts, score="relative"), oddity=None)
    relative = without.score(asked, who, np.ones(20, np.bool_), exact=True).scores
    expected = network.log_odds(asked) + 3.0 * np.log(relative)
    np.testing.assert_allclose(scored.scores, expected, atol=0.05)


def test_embeddings_that_it_does_not_know_are_scored_by_distance(root: Path) -> None:
    (index,) = open_current(root, "ztf").populations.values()
    assert (index.facts.score, index.oddity) == ("relative", None)


def test_of_too_many_bands_those_with_the_most_rows_are_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A band's name is text from packets; whoever makes one up for each must not fill memory and disk."""
    monkeypatch.setattr(module, "MOST_POPULATIONS", 8)
    bands = {"g": 150, "r": 100} | {f"made{number}": 12 for number in range(20)}
    rows = [one for seed, (band, count) in enumerate(bands.items())
            for one in sightings(count, 1, seed, replace(POPULATION, band=band))]  # fmt: skip
    build([rows[place] for place in np.random.default_rng(0).permutation(len(rows))], tmp_path, Recipe(axes=2))
    version = open_current(tmp_path, "ztf")
    objects = {band: index.facts.objects for (band, _), index in version.populations.items()}
    assert len(objects) <= 8
    assert objects["g"] > 100  # a fifth of them calibrates
    assert objects["r"] > 60
    (other, *_) = sightings(1, population=replace(POPULATION, band="made-up"))
    (judged,) = judge([image_of(other)], {"ztf": version})
    assert judged.novelty.reason == "the index in use has no such band or image"
