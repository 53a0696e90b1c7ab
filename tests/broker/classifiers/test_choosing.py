from __future__ import annotations

from dataclasses import astuple
from types import MappingProxyType

import numpy as np
import pytest

from broker.classifiers.choosing import BELOW_THRESHOLD, SHED, Classifiers, Views
from broker.classifiers.contract import View
from broker.classifiers.streak import StreakClassifier
from models.simulate.streaks.trail import Segment
from models.streak_detector import load
from tests.broker.classifiers.sights import a_sight
from tests.models.streak_stamp import stamp

TRAIL = stamp(Segment(14.0, 40.0, 46.0, 22.0), 40.0)


class Brightest:
    """A router that lets pass what has a bright pixel."""

    version = "brightest-1"
    thresholds = MappingProxyType({"streak": 0.5})

    def look(self, views: Views) -> dict[str, dict[int, float]]:
        seen = {i: view.pixels for i, view in enumerate(views["streak"]) if isinstance(view, View)}
        return {"streak": {i: float(np.nanmax(pixels) > 5.5) for i, pixels in seen.items()}}


@pytest.fixture(scope="module")
def streak() -> StreakClassifier:
    return StreakClassifier(load())


def test_no_networks_say_nothing() -> None:
    (found,) = Classifiers().classify([a_sight(science=TRAIL)])
    assert (found.classifications, found.streak, found.lens) == ((), None, None)
    assert Classifiers().classify([]) == []


def test_what_is_wrong_with_one_stamp_touches_no_other(streak: StreakClassifier) -> None:
    good = a_sight(science=TRAIL, difference=TRAIL)
    others = [
        a_sight(),
        a_sight(science=np.full((64, 64), np.nan, np.float32)),
        a_sight(science=TRAIL, difference=np.zeros((64, 64), np.float32)),
        a_sight(science=TRAIL, difference=np.full((64, 64), 9e29, np.float32)),
        a_sight(science=TRAIL, difference=TRAIL[:9, :9]),
    ]
    classifiers = Classifiers([streak])
    (alone,) = classifiers.classify([good])
    found = classifiers.classify([others[0], good, *others[1:]])
    assert found[1].streak is not None
    assert alone.streak is not None
    assert astuple(found[1].streak)[:6] == pytest.approx(astuple(alone.streak)[:6], abs=1e-3)
    assert [one.classifications[0].score is None for one in found] == [True, False, True, False, True, True]
    for one in found:
        (entry,) = one.classifications
        assert (entry.score is None) == (entry.reason is not None)


def test_the_router_saves_the_network_what_it_would_not_accept(streak: StreakClassifier) -> None:
    sights = [a_sight(science=TRAIL, difference=one) for one in (TRAIL, np.zeros((64, 64), np.float32))]
    passed, saved, missing = Classifiers([streak], Brightest()).classify([*sights, a_sight()])
    assert [one.classifier for one in passed.classifications] == ["streak", "router.streak"]
    network, router = passed.classifications
    assert network.score is not None
    assert router.score == 1.0
    assert router.version == "brightest-1"
    network, router = saved.classifications
    assert (network.score, network.reason) == (None, BELOW_THRESHOLD)
    assert (router.score, router.reason) == (0.0, None)
    assert [one.reason for one in missing.classifications] == ["stamp missing"] * 2


def test_what_is_shed_is_looked_at_by_nobody_and_says_so(streak: StreakClassifier) -> None:
    classifiers = Classifiers([streak], Brightest())
    classifiers.shed = {"streak"}
    seen, missing = classifiers.classify([a_sight(science=TRAIL, difference=TRAIL), a_sight()])
    assert [(one.score, one.reason) for one in seen.classifications] == [(None, SHED)] * 2
    assert seen.streak is None
    assert [one.reason for one in missing.classifications] == ["stamp missing"] * 2  # it would not have looked anyway
    classifiers.shed = set()
    (again,) = classifiers.classify([a_sight(science=TRAIL, difference=TRAIL)])
    assert again.classifications[0].score is not None
