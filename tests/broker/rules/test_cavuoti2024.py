from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from broker.annotation import EpochState
from broker.annotator import stamp_pair
from broker.embedding import Embedder
from broker.files import read_files
from broker.rules.cavuoti2024 import judge_all, stack_of
from broker.rules.cavuoti2024_causal import MIN_EARLIER, Cavuoti2024Causal
from broker.rules.reference_distance import ReferenceDistance
from broker.rules.rule import Evidence
from broker.stack_offset import measure
from broker.stamp_pair import Stamp, StampPair
from broker.surveys.ztf import Ztf
from models.backbone import load_backbone
from tests.broker.packets import ztf_files

if TYPE_CHECKING:
    from pathlib import Path
    from random import Random

    from numpy.typing import NDArray

    from broker.packet import Packet

DIMENSIONS = 50


@st.composite
def objects(draw: st.DrawFn, at_least: int = MIN_EARLIER + 1) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Good epochs and their stack, which lies outside as it must for the rule to work (b = 2)."""
    random = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    count = draw(st.integers(at_least, 30))
    epochs = random.normal(size=(count, DIMENSIONS))
    direction = random.normal(size=DIMENSIONS)
    stack = 2.0 * np.sqrt(DIMENSIONS) * direction / np.linalg.norm(direction)
    return epochs.astype(np.float32), stack.astype(np.float32)


def by_definition(science: NDArray[np.float32], stack: NDArray[np.float32]) -> list[float]:
    """The paper's sentence, word by word."""
    pool = [*science.astype(np.float64), stack.astype(np.float64)]
    nearest = [
        min(float(np.sqrt(np.sum((p - q) ** 2))) for j, q in enumerate(pool) if j != i) for i, p in enumerate(pool)
    ]
    return [distance / nearest[-1] for distance in nearest[:-1]]


@given(objects())
def test_scores_are_first_neighbour_distances_over_the_stack_s(
    one: tuple[NDArray[np.float32], NDArray[np.float32]],
) -> None:
    science, stack = one
    verdicts = judge_all(science, stack)
    assert [verdict.score for verdict in verdicts] == pytest.approx(by_definition(science, stack))
    for verdict in verdicts:
        assert verdict.state is EpochState.JUDGED
        assert verdict.n_epochs == len(science) - 1
        assert verdict.neighbour_distance is not None
        assert verdict.threshold is not None
        assert verdict.problematic is (verdict.neighbour_distance > verdict.threshold)


@given(objects(), st.sampled_from([0.25, 0.5, 4.0, 1024.0]))
def test_units_of_feature_space_do_not_matter(
    one: tuple[NDArray[np.float32], NDArray[np.float32]], factor: float
) -> None:
    science, stack = one
    scaled = judge_all(science * np.float32(factor), stack * np.float32(factor))
    assert [v.score for v in scaled] == pytest.approx([v.score for v in judge_all(science, stack)])
    causal = Cavuoti2024Causal()
    before = causal.judge(Evidence(science[-1], stack, science[:-1]))
    after = causal.judge(
        Evidence(science[-1] * np.float32(factor), stack * np.float32(factor), science[:-1] * np.float32(factor))
    )
    assert after.score == pytest.approx(before.score)


@given(objects(), st.randoms(use_true_random=False))
def test_the_order_of_epochs_does_not_matter(
    one: tuple[NDArray[np.float32], NDArray[np.float32]], random: Random
) -> None:
    science, stack = one
    order = list(range(len(science)))
    random.shuffle(order)
    verdicts = judge_all(science, stack)
    assert judge_all(science[order], stack) == [verdicts[i] for i in order]
    history = science[:-1]
    shuffled = history[[i for i in order if i < len(history)]]
    assert Cavuoti2024Causal().judge(Evidence(science[-1], stack, shuffled)) == Cavuoti2024Causal().judge(
        Evidence(science[-1], stack, history)
    )


@given(objects(), st.data())
def test_a_copy_of_an_epoch_under_another_id_is_never_flagged(
    one: tuple[NDArray[np.float32], NDArray[np.float32]], data: st.DataObject
) -> None:
    science, stack = one
    copied = data.draw(st.integers(0, len(science) - 1))
    verdicts = judge_all(np.vstack((science, science[copied])), stack)
    assert (verdicts[copied].score, verdicts[-1].score) == (0.0, 0.0)
    assert Cavuoti2024Causal().judge(Evidence(science[copied], stack, science)).problematic is False


@given(objects(), st.floats(3.0, 100.0))
def test_what_lies_far_outside_is_flagged_and_the_good_ones_are_not(
    one: tuple[NDArray[np.float32], NDArray[np.float32]], factor: float
) -> None:
    science, stack = one
    far = (-factor * stack).astype(np.float32)
    *good, outlier = judge_all(np.vstack((science, far)), stack)
    assert outlier.problematic
    assert not any(verdict.problematic for verdict in good)
    assert Cavuoti2024Causal().judge(Evidence(far, stack, science)).problematic


@given(objects())
def test_the_causal_form_sees_the_last_epoch_as_the_published_one_does(
    one: tuple[NDArray[np.float32], NDArray[np.float32]],
) -> None:
    """Of the last epoch all others are past; it cannot lower the threshold without being near the stack itself."""
    science, stack = one
    causal = Cavuoti2024Causal().judge(Evidence(science[-1], stack, science[:-1]))
    published = judge_all(science, stack)[-1]
    assert causal.neighbour_distance == published.neighbour_distance
    assert causal.problematic is published.problematic


@given(objects(at_least=1))
def test_with_few_earlier_epochs_there_is_no_verdict(one: tuple[NDArray[np.float32], NDArray[np.float32]]) -> None:
    science, stack = one
    for earlier in range(min(MIN_EARLIER, len(science))):
        verdict = Cavuoti2024Causal().judge(Evidence(science[-1], stack, science[:earlier]))
        assert (verdict.state, verdict.score, verdict.problematic) == (EpochState.WARMING_UP, None, None)
        assert verdict.n_epochs == earlier
        assert verdict.reason == f"{earlier} of the {MIN_EARLIER} earlier epochs that it takes"


@pytest.mark.parametrize("rule", [Cavuoti2024Causal(), ReferenceDistance()])
def test_without_reference_there_is_no_verdict(rule: Cavuoti2024Causal | ReferenceDistance) -> None:
    verdict = rule.judge(Evidence(np.zeros(3, np.float32), None, np.ones((9, 3), np.float32)))
    assert (verdict.state, verdict.score) == (EpochState.NO_REFERENCE, None)


def test_an_epoch_that_is_the_stack_itself_sets_no_threshold_of_zero() -> None:
    stack = np.zeros(2, np.float32)
    history = np.array([[0, 0], [3, 0], [0, 4], [0, 5]], np.float32)
    verdict = Cavuoti2024Causal().judge(Evidence(np.array([1, 0], np.float32), stack, history))
    assert (verdict.threshold, verdict.neighbour_distance, verdict.problematic) == (3.0, 1.0, False)
    assert [v.threshold for v in judge_all(history, stack)] == [3.0] * 4


def test_where_every_epoch_is_the_stack_itself_nothing_is_judged() -> None:
    stack, copies = np.ones(2, np.float32), np.ones((5, 2), np.float32)
    assert Cavuoti2024Causal().judge(Evidence(stack + 1, stack, copies)).state is EpochState.WARMING_UP
    assert {v.state for v in judge_all(copies, stack)} == {EpochState.WARMING_UP}


def test_one_epoch_alone_is_not_judged() -> None:
    (verdict,) = judge_all(np.ones((1, 2), np.float32), np.zeros(2, np.float32))
    assert (verdict.state, verdict.n_epochs, verdict.reason) == (EpochState.WARMING_UP, 0, "no other epoch")


@settings(max_examples=30)
@given(objects())
def test_the_medoid_is_one_of_the_references_and_no_odd_one(
    one: tuple[NDArray[np.float32], NDArray[np.float32]],
) -> None:
    references, far = one
    with_odd_one = np.vstack((100.0 * far, references))
    medoid = stack_of(with_odd_one)
    assert any(np.array_equal(medoid, reference) for reference in references)


@pytest.fixture(scope="module")
def groups(shared_data: Path) -> list[list[Packet]]:
    """The real objects and bands with at least four epochs, in time order."""
    found: dict[tuple[str, str | None], dict[str, Packet]] = {}
    for one in read_files(ztf_files(shared_data), [Ztf()]):
        assert one.packet is not None
        found.setdefault((one.packet.object_id, one.packet.band), {})[one.packet.epoch_id] = one.packet
    return [sorted(group.values(), key=lambda packet: packet.mjd or 0.0) for group in found.values() if len(group) >= 4]


def with_trail(pair: StampPair) -> StampPair:
    """The same packet with a satellite in its science image, 20 sigma high in each pixel."""
    assert isinstance(pair.science, Stamp)
    image = pair.science.cutout.image
    sigma = 1.4826 * np.nanmedian(np.abs(image - np.nanmedian(image)))
    row, column = np.indices(image.shape)
    trail = 20.0 * sigma * np.exp(-0.5 * ((row - column - 3.0) / 1.2) ** 2)
    cutout = replace(pair.science.cutout, image=(image + trail).astype(np.float32))
    return replace(pair, science=replace(pair.science, cutout=cutout))


def test_on_real_epochs_of_ztf_the_published_rule_loses_few_and_finds_trails(
    groups: list[list[Packet]], weights: Path
) -> None:
    assert (len(groups), sum(len(group) for group in groups)) == (6, 37)
    embedder = Embedder(load_backbone(weights=weights))
    objects = []
    lost = found = 0
    for group in groups:
        pairs = [stamp_pair(packet) for packet in group]
        *results, faulty = embedder.embed([*pairs, with_trail(pairs[-1])])
        science = np.stack([result.science_embedding for result in results if result.science_embedding is not None])
        stack = stack_of(np.stack([one.reference_embedding for one in results if one.reference_embedding is not None]))
        lost += sum(bool(verdict.problematic) for verdict in judge_all(science, stack))
        assert faulty.science_embedding is not None
        found += bool(judge_all(np.vstack((science, faulty.science_embedding)), stack)[-1].problematic)
        objects.append((science, stack))
    assert lost <= 3  # of 37; none when this was written
    assert found >= 5  # of 6
    offset = measure(objects)
    assert offset is not None
    assert (offset.objects, offset.epochs) == (6, 37)
    assert not offset.knife_edge  # b = 3.8 when this was written
