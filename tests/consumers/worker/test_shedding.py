"""What a worker that is behind does without, and when it takes it up again."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from broker.classifiers.choosing import Classifiers
from consumers.worker.batch import Record
from consumers.worker.shedding import Shedding
from tests.consumers.worker.records import NOW, record


class Worker:
    """Records that waited as long as told, and a clock that stands still."""

    def __init__(self, *classes: str) -> None:
        self.classifiers = Classifiers()
        self._shedding = Shedding(self.classifiers, classes, 60.0, self._clock)

    def _clock(self) -> datetime:
        return NOW

    def shed(self, *waits: float | None) -> set[str]:
        """What is shed after a batch of records that waited so long [s]; None: nobody knows how long."""
        self._shedding.decide([_waited(offset, wait) for offset, wait in enumerate(waits)])
        return set(self.classifiers.shed)


def _waited(offset: int, wait: float | None) -> Record:
    sent = None if wait is None else int((NOW - timedelta(seconds=wait)).timestamp() * 1000)
    return replace(record(offset), timestamp=sent)


def test_nothing_is_shed_unless_an_operator_said_so() -> None:
    assert Worker().shed(1e6, 1e6) == set()


def test_it_sheds_from_the_bound_on_and_until_it_is_well_below() -> None:
    worker = Worker("lens", "merger")
    assert worker.shed(1.0) == set()
    assert worker.shed(60.0) == set()
    assert worker.shed(61.0) == {"lens", "merger"}
    assert worker.shed(31.0) == {"lens", "merger"}
    assert worker.shed(29.0) == set()
    assert worker.shed(59.0) == set()


def test_one_strange_timestamp_decides_nothing() -> None:
    worker = Worker("lens")
    assert worker.shed(1e9, 1.0, 2.0) == set()
    assert worker.shed(100.0, 101.0, 102.0) == {"lens"}
    assert worker.shed(100.0, -1e9, 102.0) == {"lens"}


def test_without_timestamps_it_stays_as_it_is() -> None:
    worker = Worker("lens")
    assert worker.shed(None, None) == set()
    assert worker.shed(None, 100.0) == {"lens"}
    assert worker.shed() == {"lens"}
