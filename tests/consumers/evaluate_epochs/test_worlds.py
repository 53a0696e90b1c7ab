from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np

from broker.sky_framed import prepare
from consumers.evaluate_epochs.rules import statistics_of_good
from consumers.evaluate_epochs.worlds import ALERT_SELECTED, drawn, judge, stamp_pair
from models.baselines.robust_z import Spread
from tests.consumers.evaluate_epochs.epochs import examiner, exposure, observed


def test_a_world_is_drawn_and_judged_object_by_object() -> None:
    steps: list[int] = []
    with ThreadPoolExecutor(1) as pool:
        found, again, more = (list(drawn(pool, ALERT_SELECTED, count, seed=3)) for count in (2, 2, 5))
        spreads = {one.format: Spread.of(statistics_of_good(one)) for one in found}
        epochs = judge(pool, ALERT_SELECTED, found, examiner(), spreads, lambda: steps.append(1), first=7)
    assert len({one.name for one in more}) == 5
    for one, same in zip(found, again, strict=True):
        np.testing.assert_array_equal(one.exposures[0].science, same.exposures[0].science)
    assert [one.exposure for one in epochs] == [shot for one in found for shot in one.exposures]
    assert {one.number for one in epochs} == {7, 8}
    assert len(steps) == 2 * len(found)
    readable = np.array([one.readable for one in epochs if one.number == 7])
    assert [one.earlier for one in epochs if one.number == 7] == (np.cumsum(readable) - readable).tolist()


def test_a_shot_becomes_a_packet_with_its_object_in_the_centre() -> None:
    one = observed(exposure(0))
    pair = stamp_pair(one, one.exposures[0])
    assert pair.seeing == 2.6 * 1.01
    science = prepare([pair])[0].science
    assert not isinstance(science, Exception)
    around = science[0, 29:34, 29:34]
    assert around.min() > np.median(science[0])
    np.testing.assert_allclose(around, around[::-1], atol=0.1)
