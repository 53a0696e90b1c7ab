from __future__ import annotations

from consumers.worker.batch import Filling
from tests.consumers.worker.records import Clock, record


def test_a_batch_is_due_when_it_is_full() -> None:
    filling = Filling(records=2, size=1000, deadline=60, clock=Clock())
    filling.add(record(0))
    assert (filling.due, filling.room) == (False, 1)
    filling.add(record(1))
    assert (filling.due, filling.room) == (True, 0)


def test_a_batch_is_due_when_its_bytes_are_many() -> None:
    filling = Filling(records=100, size=1000, deadline=60, clock=Clock())
    filling.add(record(0, b"x" * 999))
    assert not filling.due
    filling.add(record(1, b"x"))
    assert (filling.due, filling.room) == (True, 0)


def test_a_batch_is_due_when_its_first_record_waited_long_enough() -> None:
    clock = Clock()
    filling = Filling(records=100, size=1000, deadline=5, clock=clock)
    clock.now += 60
    assert not filling.due
    filling.add(record(0))
    clock.now += 4
    filling.add(record(1))
    assert not filling.due
    clock.now += 1
    assert filling.due


def test_taking_begins_the_next_batch() -> None:
    filling = Filling(records=3, size=1000, deadline=5, clock=Clock())
    for offset in range(3):
        filling.add(record(offset, b"x" * 400))
    assert [one.offset for one in filling.take(1)] == [0]
    assert filling.room == 1
    assert [one.offset for one in filling.take()] == [1, 2]
    assert (len(filling), filling.due, filling.room) == (0, False, 3)
