from __future__ import annotations

from consumers.worker.breaker import Breaker
from tests.consumers.worker.records import annotated, dead


def test_it_trips_where_nearly_everything_is_dead() -> None:
    breaker = Breaker(share=0.9, window=100, least=50)
    assert not breaker.trips([dead(0)] * 49)  # too few to judge
    assert breaker.trips([dead(0)])


def test_it_bears_the_share_that_it_is_told() -> None:
    breaker = Breaker(share=0.9, window=100, least=50)
    assert not breaker.trips([annotated(0)] * 10 + [dead(0)] * 90)


def test_only_the_last_records_count() -> None:
    breaker = Breaker(share=0.9, window=100, least=50)
    assert not breaker.trips([annotated(0)] * 1000)
    assert not breaker.trips([dead(0)] * 90)
    assert breaker.trips([dead(0)])


def test_one_hundred_percent_never_trips() -> None:
    assert not Breaker(share=1.0, window=100, least=50).trips([dead(0)] * 1000)
