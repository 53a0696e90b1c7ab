from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from models.baselines.compare_warp import MIN_MODEL, CompareWarp, clipped_mean, few_epochs, footprints
from models.baselines.matching import subtract
from tests.models.baselines.sky import exposure, stack, star, trail

REFERENCE = stack()


def scores(epochs: list[np.ndarray], fwhm: float = 3.0) -> list[float | None]:
    judge = CompareWarp()
    return [judge.judge(science, fwhm, subtract(science, REFERENCE))[0] for science in epochs]


def good(count: int) -> list[np.ndarray]:
    return [exposure(seed) for seed in range(count)]


def test_how_few_are_few() -> None:
    # DMTN-080: two of 5 epochs, 2.9 of 30.
    assert [few_epochs(n) for n in (2, 5, 30)] == pytest.approx([0.8, 2.0, 2.9])


def test_the_first_epoch_has_no_score_and_the_next_have() -> None:
    found = scores(good(3))
    assert found[0] is None
    assert None not in found[1:]


@pytest.mark.parametrize("earlier", [1, 5, MIN_MODEL + 4])
def test_a_trail_is_caught_and_good_epochs_pass(earlier: int) -> None:
    found = scores([*good(earlier), exposure(77) + trail()])
    assert found[-1] > 1.0
    assert all(score < 1.0 for score in found[1:-1])


def test_a_dark_trail_is_caught_as_well() -> None:
    assert scores([*good(6), exposure(77) - trail()])[-1] > 1.0


def test_both_thresholds_are_judged() -> None:
    judge = CompareWarp()
    for science in good(6):
        judge.judge(science, 3.0, subtract(science, REFERENCE))
    science = exposure(77) + trail(20.0)
    strict, today = judge.judge(science, 3.0, subtract(science, REFERENCE))
    assert strict > 1.0 > today > 0.0


@pytest.mark.parametrize("earlier", [4, MIN_MODEL + 5])
def test_a_supernova_passes_once_it_persists(earlier: int) -> None:
    with_supernova = [exposure(200 + n) + star(30, 18, 1500, 3.0).astype(np.float32) for n in range(8)]
    found = scores([*good(earlier), *with_supernova])[earlier:]
    assert found[0] > 1.0  # nothing tells it from an artefact yet
    assert max(found[4:]) < 1.0


def test_bad_seeing_is_no_artefact() -> None:
    judge = CompareWarp()
    for science in good(MIN_MODEL + 5):
        judge.judge(science, 3.0, subtract(science, REFERENCE))
    blurred = exposure(300, 5.0)
    assert judge.judge(blurred, 5.0, subtract(blurred, REFERENCE))[0] < 1.0


def test_missing_pixels_are_no_artefact() -> None:
    science = exposure(300)
    science[:, :15] = np.nan
    assert scores([*good(6), science])[-1] < 1.0


def labelled_by_flooding(mask: np.ndarray) -> set[frozenset[tuple[int, int]]]:
    left, groups = set(map(tuple, np.argwhere(mask).tolist())), set()
    while left:
        group, front = set(), {left.pop()}
        while front:
            group |= front
            front = {(y + dy, x + dx) for y, x in front for dy in (-1, 0, 1) for dx in (-1, 0, 1)} & left
            left -= front
        groups.add(frozenset(group))
    return {group for group in groups if len(group) >= 4}


@given(arrays(bool, (9, 11), elements=st.booleans()))
@settings(max_examples=50)
def test_footprints_are_the_groups_of_touching_pixels(mask: np.ndarray) -> None:
    found = {frozenset(map(tuple, np.argwhere(one).tolist())) for one in footprints(mask)}
    assert found == labelled_by_flooding(mask)


def test_the_clipped_mean_leaves_out_what_is_far_off() -> None:
    epochs = np.random.default_rng(0).normal(5.0, 1.0, (20, 8, 8))
    epochs[3] += 1000.0
    epochs[:, 0, 0] = np.nan
    mean = clipped_mean(epochs)
    assert np.isnan(mean[0, 0])
    assert np.abs(mean[1:, 1:] - 5.0).max() < 1.0
