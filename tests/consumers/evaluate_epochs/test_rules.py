from __future__ import annotations

import numpy as np
import pytest

from consumers.evaluate_epochs.rules import (
    ALONE,
    COMPARE_WARP,
    DISTANCE,
    ROBUST_Z,
    RULES,
    SOSIA,
    by_features,
    by_pixels,
    statistics_of_good,
)
from consumers.evaluate_epochs.worlds import examine, stamp_pair
from models.baselines.robust_z import Spread
from models.simulate.worlds.observed import Observed
from tests.consumers.evaluate_epochs.epochs import SIDE, examiner, exposure, image, observed


def lost(number: int) -> np.ndarray:
    science = image(number)
    science[: SIDE // 2] = np.nan
    return science


@pytest.fixture(scope="module")
def spreads() -> dict[str, Spread]:
    return {"ztf": Spread.of(statistics_of_good(observed(*(exposure(seed) for seed in range(100, 115)))))}


def all_scores(one: Observed, spreads: dict[str, Spread]) -> list[dict[str, float | None]]:
    examined = examine(examiner(), [stamp_pair(one, shot) for shot in one.exposures])
    readable = [result.embedded.science_embedding is not None for result in examined]
    pixels = by_pixels(one, readable, spreads)
    return [features | classical for features, classical in zip(by_features(examined), pixels, strict=True)]


def test_every_rule_judges_every_epoch_that_can_be_read(spreads: dict[str, Spread]) -> None:
    scores = all_scores(observed(*(exposure(n) for n in range(7))), spreads)
    assert set(scores[-1]) == set(RULES)
    assert None not in scores[-1].values()


def test_nothing_is_known_of_the_future(spreads: dict[str, Spread]) -> None:
    epochs = [exposure(n) for n in range(6)]
    causal = set(RULES) - {"cavuoti2024"}
    whole, half = (all_scores(observed(*some), spreads) for some in (epochs, epochs[:3]))
    for one, same in zip(whole, half, strict=False):
        assert {rule: one[rule] for rule in causal} == pytest.approx({rule: same[rule] for rule in causal})


def test_an_unreadable_epoch_has_no_score_and_is_no_past(spreads: dict[str, Spread]) -> None:
    epochs = [exposure(n) for n in range(6)]
    between = [*epochs[:3], exposure(50, science=lost(50)), *epochs[3:]]
    without, with_it = all_scores(observed(*epochs), spreads), all_scores(observed(*between), spreads)
    assert with_it.pop(3) == {}
    for one, same in zip(with_it, without, strict=True):
        assert one == pytest.approx(same)


def test_without_history_only_the_packet_itself_counts(spreads: dict[str, Spread]) -> None:
    epochs = [exposure(n) for n in range(4)]
    last = all_scores(observed(*epochs), spreads)[-1]
    only = all_scores(observed(epochs[-1]), spreads)[0]
    assert (last[ALONE], last[DISTANCE]) == pytest.approx((only[SOSIA], only[DISTANCE]))


def test_a_trail_is_seen_by_the_classical_rules(spreads: dict[str, Spread]) -> None:
    spoilt = image(70)
    spoilt[20:22] += 40.0
    last = all_scores(observed(*(exposure(n) for n in range(6)), exposure(70, science=spoilt)), spreads)[-1]
    assert last[ROBUST_Z] > 1.0
    assert last[COMPARE_WARP] > 1.0


def test_a_population_is_made_of_good_epochs_only() -> None:
    good, faulty, extreme = exposure(1), exposure(2, fault="trail"), exposure(3, extreme="seeing extreme")
    np.testing.assert_array_equal(
        statistics_of_good(observed(good, faulty, extreme)), statistics_of_good(observed(good))
    )
