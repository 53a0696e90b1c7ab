from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from broker.annotation import Classification, EpochCheck, EpochState, NoveltyState
from broker.annotator import Annotator
from broker.classifiers.choosing import Classifiers
from broker.classifiers.merger import MergerClassifier
from broker.embedding import Embedded
from broker.novelty.build import build
from broker.novelty.judging import NoveltyJudge
from broker.novelty.recipe import Recipe
from broker.novelty.sighting import Population
from broker.novelty.versions import Version, open_all
from models import merger_finder
from models.simulate.fits import hdu
from schemas.errors import StampReason
from tests.broker.novelty.rows import DIGEST, sightings

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from broker.novelty.sighting import Sighting
    from models.merger_finder import MergerFinder

REFERENCES = Population("ztf", "g", "reference")


@pytest.fixture(scope="module")
def versions(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Version]:
    root: Path = tmp_path_factory.mktemp("index")
    rng = np.random.default_rng(5)
    rows = [replace(one, scores=(("lens", "1", float(rng.random())),)) for one in sightings(600)]
    build([*rows, *sightings(400, seed=1, population=REFERENCES)], root, Recipe(axes=6, calibration_share=0.4))
    return open_all(root)


def packet(one: Sighting, **fields: Any) -> Any:
    return SimpleNamespace(**{
        "survey": SimpleNamespace(name="ztf"), "band": "g", "object_id": one.identity.object_id,
        "ra": one.identity.ra, "dec": one.identity.dec, **fields,
    })  # fmt: skip


def embedded(science: Sighting | None, reference: Sighting | None = None) -> Embedded:
    places = [None if one is None else one.embedding.astype(np.float32) for one in (science, reference)]
    reasons = [StampReason.BLANK if place is None else None for place in places]
    return Embedded(places[0], places[1], reasons[0], reasons[1], None, 0.0)


def check(n_epochs: int = 0, *, problematic: bool = False) -> EpochCheck:
    return EpochCheck(EpochState.JUDGED, "rule", n_epochs, problematic=problematic)


def judge(judge: NoveltyJudge, one: Sighting, found: Embedded, said: EpochCheck, **fields: Any) -> Any:
    (judgement,) = judge.judge([packet(one, **fields)], [found], [DIGEST], [said])
    return judgement


def test_science_is_compared_with_science_and_the_reference_with_references(versions: dict[str, Version]) -> None:
    one, other = sightings(2, seed=9)[::2]
    both = judge(NoveltyJudge(lambda: versions, reference=True), one, embedded(one, other), check())
    alone = judge(NoveltyJudge(lambda: versions), one, embedded(one, other), check())
    science, reference = both.novelty
    assert (science,) == alone.novelty
    assert (science.input_image, reference.input_image) == ("science", "reference")
    assert all(neighbour.id.startswith("e0-") for neighbour in science.neighbours)
    assert all(neighbour.id.startswith("e1-") for neighbour in reference.neighbours)
    assert science.index_version == reference.index_version == versions["ztf"].name


def test_a_fault_of_the_science_image_is_none_of_the_reference(versions: dict[str, Version]) -> None:
    one, other = sightings(2, seed=9)[::2]
    judged = judge(NoveltyJudge(lambda: versions, reference=True), one, embedded(one, other), check(problematic=True))
    assert [novelty.state for novelty in judged.novelty] == [NoveltyState.PROBLEMATIC, NoveltyState.SCORED]
    judged = judge(NoveltyJudge(lambda: versions, reference=True), one, embedded(None, other), check())
    assert [novelty.state for novelty in judged.novelty] == [NoveltyState.UNREADABLE, NoveltyState.SCORED]
    assert judged.novelty[0].reason == "stamp blank"


def test_first_and_later_epochs_have_calibrations_of_their_own(versions: dict[str, Version]) -> None:
    index = versions["ztf"].populations["g", "science"]
    assert not index.facts.calibration.pooled
    one = sightings(1, seed=9)[0]
    first, later = (
        judge(NoveltyJudge(lambda: versions), one, embedded(one), check(epochs)).novelty[0] for epochs in (0, 3)
    )
    (score,) = index.score(one.embedding[None], [one.identity], np.array([True])).scores
    assert first.distance == later.distance
    assert first.p_value == index.first.p_values(np.array([score]))[0]
    assert later.p_value == index.later.p_values(np.array([score]))[0]


def test_a_classifier_is_told_what_share_of_the_calibrating_images_scores_higher(versions: dict[str, Version]) -> None:
    one = sightings(1, seed=9)[0]
    judged = judge(NoveltyJudge(lambda: versions), one, embedded(one), check())
    known = versions["ztf"].populations["g", "science"].false_positives.scores["lens", "1"]
    assert len(known) == 480
    scores = [0.0, 0.3, float(known[-2]), 1.0]
    verdicts = judged.rated([Classification("lens", "1", "reference", score) for score in scores])
    assert [one.fpr for one in verdicts] == [np.mean(known > np.float32(score)) for score in scores]
    assert verdicts[2].fpr == 1 / 480
    assert verdicts[3].fpr == 0.0
    unknown = [
        Classification("lens", "2", "reference", 0.5),
        Classification("merger", "1", "reference", 0.5),
        Classification("lens", "1", "reference", reason="pixel scale too coarse"),
    ]
    assert judged.rated(unknown) == tuple(unknown)


def test_without_an_index_it_says_so_and_leaves_classifiers_alone(versions: dict[str, Version]) -> None:
    one = sightings(1, seed=9)[0]
    for judge_by, reason in (
        (NoveltyJudge(), "no index is configured"),
        (NoveltyJudge(dict), "no index of this survey is in use"),
    ):
        judged = judge(judge_by, one, embedded(one), check())
        assert (judged.novelty[0].state, judged.novelty[0].reason) == (NoveltyState.NO_INDEX, reason)
        verdict = Classification("lens", "1", "reference", 0.5)
        assert judged.rated([verdict]) == (verdict,)
    judged = judge(NoveltyJudge(), one, embedded(None), check())
    assert judged.novelty[0].reason == "stamp blank"


def test_a_batch_is_judged_by_one_version_whatever_is_swapped_meanwhile(versions: dict[str, Version]) -> None:
    asked = []

    def current() -> dict[str, Version]:
        asked.append(1)
        return versions if len(asked) == 1 else {}

    rows = sightings(8, seed=9)
    judged = NoveltyJudge(current).judge(
        [packet(one) for one in rows], [embedded(one) for one in rows], [DIGEST] * len(rows), [check()] * len(rows)
    )
    assert {one.novelty[0].index_version for one in judged} == {versions["ztf"].name}
    assert len(asked) == 1


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Version]:
    """An index that asks how disturbed an image is."""
    root: Path = tmp_path_factory.mktemp("pictures")
    rng = np.random.default_rng(0)
    usual = rng.normal([0.1, 0.1, 0.1, -3.0], [0.02, 0.02, 0.02, 1.0], (300, 4)).astype(np.float32)
    known = [replace(one, disturbance=row) for one, row in zip(sightings(300, epochs=1), usual, strict=True)]
    build(known, root, Recipe(axes=6, calibration_share=0.4))
    return open_all(root)


def test_an_index_of_pictures_measures_what_it_is_asked_about(pictures: dict[str, Version]) -> None:
    rng, judges = np.random.default_rng(0), NoveltyJudge(lambda: pictures)
    rows, columns = np.indices((64, 64)) - 31.5
    disc, (one,) = 100.0 * np.exp(-np.hypot(rows, columns) / 4.0), sightings(1, epochs=1, seed=9)
    tail = 20.0 * np.exp(-0.5 * (rows / 4.0) ** 2) * (columns > 0)
    p_values = []
    for light in (disc, disc + tail):
        science = hdu((light + rng.normal(size=light.shape)).astype(np.float32))
        judgement = judge(judges, one, embedded(one), check(), science=science)
        p_values.append(judgement.novelty[0].p_value)
    assert p_values[0] > 0.5
    assert p_values[1] < 0.02


@pytest.mark.parametrize("networks", [1, 0])
def test_the_merger_network_is_loaded_once(
    pictures: dict[str, Version], networks: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is the classifiers' where they have it; else it is loaded for the first picture."""
    loaded: list[MergerFinder] = []

    def load(load: Callable[[], MergerFinder] = merger_finder.load) -> MergerFinder:
        loaded.append(load())
        return loaded[-1]

    monkeypatch.setattr(merger_finder, "load", load)
    classifiers = Classifiers([MergerClassifier(merger_finder.load()) for _ in range(networks)])
    nobody: Any = None  # no packet is annotated
    annotator = Annotator(nobody, nobody, classifiers=classifiers)
    annotator.compare_with(lambda: pictures)
    assert len(loaded) == networks
    (one,) = sightings(1, epochs=1, seed=9)
    science = hdu(np.random.default_rng(1).normal(size=(64, 64)).astype(np.float32))
    for _ in range(2):
        judge(annotator.novelty, one, embedded(one), check(), science=science)
    assert len(loaded) == 1
