from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from broker.annotation import EpochState
from broker.rules.rule import Evidence
from broker.rules.sosia import FAR, THRESHOLD, Sosia

DIMENSIONS = 8
NOTHING = np.empty((0, DIMENSIONS), np.float32)
REFERENCE = np.zeros(DIMENSIONS, np.float32)


def at(distance: float) -> np.ndarray:
    place = np.zeros(DIMENSIONS, np.float32)
    place[0] = distance
    return place


def score(
    fault: float,
    distance: float = 0.0,
    history: np.ndarray = NOTHING,
    backbone: str = "sosia-64",
    width: float = 30.0,
) -> float:
    verdict = Sosia().judge(Evidence(at(distance), REFERENCE, history, fault, backbone, width))
    assert verdict.state is EpochState.JUDGED
    assert verdict.score is not None
    return verdict.score


@given(st.floats(-2000, 2000), st.floats(0, 2000))
def test_more_fault_or_more_distance_never_scores_less(fault: float, distance: float) -> None:
    here = score(fault, distance)
    assert 0 <= here <= score(fault + 0.5, distance)
    assert here <= score(fault, distance + 0.5)
    assert np.isfinite(here)


def test_the_threshold_is_where_the_score_is_one() -> None:
    assert score(np.log(THRESHOLD)) == pytest.approx(1.0, abs=1e-4)
    assert score(-10.0, FAR["sosia-64"] + np.log(THRESHOLD)) == pytest.approx(1.0, abs=1e-3)


def test_a_change_that_was_seen_before_is_nearer_with_history_than_without() -> None:
    earlier = np.stack([at(0.0), at(13.9)])
    assert score(-5.0, 14.0) > 1.0
    assert score(-5.0, 14.0, earlier) < 1.0
    verdict = Sosia().judge(Evidence(at(14.0), REFERENCE, earlier, -5.0, "sosia-64", 30.0))
    assert verdict.n_epochs == 2
    assert verdict.neighbour_distance == pytest.approx(0.1, abs=1e-3)


def test_distances_of_another_network_do_not_count() -> None:
    assert score(-5.0, 1000.0, backbone="efficientnet-b0") == score(-5.0, 0.0, backbone="efficientnet-b0") < 1.0


def test_in_a_narrow_frame_distances_do_not_count() -> None:
    assert score(-5.0, 1000.0, width=6.7) == score(-5.0, 0.0, width=6.7) < 1.0


def test_without_reference_or_network_there_is_no_score_and_a_reason() -> None:
    assert Sosia().judge(Evidence(at(1.0), None, NOTHING, 3.0)).state is EpochState.NO_REFERENCE
    unsure = Sosia().judge(Evidence(at(1.0), REFERENCE, NOTHING, None))
    assert (unsure.state, unsure.score, unsure.reason) == (EpochState.WARMING_UP, None, "no epoch network")
