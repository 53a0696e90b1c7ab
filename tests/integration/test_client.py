from __future__ import annotations

import uuid
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Any

import pytest
from confluent_kafka import Producer

from broker.output import Splicer, scores
from broker.reader import Reader
from broker.surveys.ztf import Ztf
from consumers.client import Alert, subscribe
from consumers.names import ORIGIN_HEADER
from models.simulate.stream import simulate
from ops.local_kafka import LocalKafka
from schemas.errors import ConfigurationError
from schemas.own import pack
from tests.broker.annotations import annotation_of
from tests.consumers.client.annotations import START, annotation, judged, packet
from tests.integration.workers import WITHIN


def timestamp(number: int) -> int:
    return int((START + timedelta(seconds=number)).timestamp() * 1000)


@pytest.fixture(scope="module")
def numbered(kafka: LocalKafka) -> str:
    """Topic with 30 annotations in three partitions, one a transaction, each followed by an aborted one."""
    name = f"scores-{uuid.uuid4().hex[:8]}"
    kafka.create_topics({name: 3})
    producer = Producer({"bootstrap.servers": kafka.bootstrap, "transactional.id": name})
    producer.init_transactions(WITHIN)
    for number in range(30):
        for aborted in (False, True):
            producer.begin_transaction()
            value = pack("annotation", annotation(number + 1000 * aborted, epoch=judged(number / 10)))
            producer.produce(name, value, partition=number % 3, timestamp=timestamp(number))
            producer.flush(WITHIN)
            producer.abort_transaction(WITHIN) if aborted else producer.commit_transaction(WITHIN)
    return name


def epochs(alerts: Iterable[Alert]) -> list[int]:
    return [int(alert.annotation["epochId"]) for alert in alerts]


def read(kafka: LocalKafka, topic: str, **arguments: Any) -> list[Alert]:
    with subscribe(topic, kafka.bootstrap, **{"follow": False, **arguments}) as alerts:
        return list(alerts)


def publish(kafka: LocalKafka, topic: str, *values: bytes, **arguments: Any) -> None:
    producer = Producer({"bootstrap.servers": kafka.bootstrap})
    for value in values:
        producer.produce(topic, value, **arguments)
    assert producer.flush(WITHIN) == 0


def test_all_that_is_committed_is_read_once(kafka: LocalKafka, numbered: str) -> None:
    assert sorted(epochs(read(kafka, numbered))) == list(range(30))


@pytest.mark.parametrize("count", [0, 1, 7, 29, 30, 100])
def test_the_last_ones_are_the_newest_in_the_order_of_their_times(kafka: LocalKafka, numbered: str, count: int) -> None:
    assert epochs(read(kafka, numbered, last=count)) == list(range(30))[max(0, 30 - count) :]


@pytest.mark.parametrize("first", [0, 12, 29, 40])
def test_a_time_is_where_to_begin(kafka: LocalKafka, numbered: str, first: int) -> None:
    found = epochs(read(kafka, numbered, start=START + timedelta(seconds=first)))
    assert sorted(found) == list(range(first, 30))


@pytest.mark.parametrize("arguments", [{}, {"group": "since-ever"}])
def test_a_time_before_kafkas_own_begins_with_the_oldest(
    kafka: LocalKafka, numbered: str, arguments: dict[str, str]
) -> None:
    found = read(kafka, numbered, start=datetime(1900, 1, 1, tzinfo=UTC), **arguments)
    assert sorted(epochs(found)) == list(range(30))


def test_an_expression_or_a_function_filters(kafka: LocalKafka, numbered: str) -> None:
    assert sorted(epochs(read(kafka, numbered, where="epoch.score > 2.65"))) == [27, 28, 29]
    assert sorted(epochs(read(kafka, numbered, where=lambda alert: alert.partition == 1))) == list(range(1, 30, 3))
    with pytest.raises(ConfigurationError, match="did you mean score"):
        subscribe(numbered, kafka.bootstrap, where="epoch.scor > 2")


def test_following_goes_on_with_what_comes_until_stopped(kafka: LocalKafka, topic: Callable[..., str]) -> None:
    name = topic("scores")
    publish(kafka, name, *(pack("annotation", annotation(number)) for number in (28, 29)))
    with subscribe(name, kafka.bootstrap, last=1) as alerts:
        assert epochs(islice(alerts, 1)) == [29]
        publish(kafka, name, *(pack("annotation", annotation(number)) for number in (30, 31)))
        assert epochs(islice(alerts, 2)) == [30, 31]
        alerts.stop()
        assert epochs(alerts) == []


@pytest.fixture
def group() -> str:
    return f"group-{uuid.uuid4().hex[:8]}"


def test_a_group_goes_on_where_it_left_off(kafka: LocalKafka, numbered: str, group: str) -> None:
    with subscribe(numbered, kafka.bootstrap, group=group) as alerts:
        first = epochs(islice(alerts, 12))
    second = epochs(read(kafka, numbered, group=group))
    assert sorted(first + second) == list(range(30))
    assert read(kafka, numbered, group=group) == []


def test_what_a_group_was_working_on_when_it_failed_is_read_again(
    kafka: LocalKafka, topic: Callable[..., str], group: str
) -> None:
    name = topic("scores")
    publish(kafka, name, *(pack("annotation", annotation(number)) for number in range(3)))

    def fail_at_1() -> None:
        with subscribe(name, kafka.bootstrap, group=group) as alerts:
            for alert in alerts:
                assert alert.annotation["epochId"] != "1", "what it was working on"

    with pytest.raises(AssertionError, match="what it was working on"):
        fail_at_1()
    assert epochs(read(kafka, name, group=group)) == [1, 2]


def test_a_new_group_begins_at_a_time(kafka: LocalKafka, numbered: str, group: str) -> None:
    found = epochs(read(kafka, numbered, group=group, start=START + timedelta(seconds=20)))
    assert sorted(found) == list(range(20, 30))
    with pytest.raises(ConfigurationError, match="'last' does not go with 'group'"):
        subscribe(numbered, kafka.bootstrap, group=group, last=5)


@pytest.mark.parametrize("arguments", [{}, {"group": "any"}])
def test_a_topic_that_is_not_there_is_named(kafka: LocalKafka, arguments: dict[str, str]) -> None:
    with pytest.raises(ConfigurationError, match=r"no topic sosia\.nowhere"):
        read(kafka, "sosia.nowhere", **arguments)


def test_what_holds_no_annotation_is_told_and_passed_over(kafka: LocalKafka, topic: Callable[..., str]) -> None:
    name = topic("annotated")
    publish(kafka, name, b"no packet", packet(5))
    told: list[Any] = []
    (alert,) = read(kafka, name, unreadable=told.append)
    assert alert.annotation["epochId"] == "5"
    assert [(one.topic, one.partition, one.offset) for one in told] == [(name, 0, 0)]
    assert "framing" in told[0].error


def test_full_packets_have_their_stamps_as_arrays(kafka: LocalKafka, topic: Callable[..., str]) -> None:
    (simulated,) = simulate("ztf", 1, seed=5)
    parsed = Reader([Ztf()]).read(simulated.packet)
    found = annotation_of(parsed)
    full, thin = topic("annotated"), topic("scores")
    publish(kafka, full, Splicer().annotated(parsed, found), headers={ORIGIN_HEADER: b"ztf/0/7"})
    publish(kafka, thin, scores(found))
    (alert,), (bare,) = read(kafka, full), read(kafka, thin)
    stamps = alert.stamps()
    assert stamps.science is not None
    assert stamps.difference is not None
    assert stamps.science.shape == stamps.difference.shape == (63, 63)
    assert (alert.origin, bare.origin) == ("ztf/0/7", None)
    assert alert.annotation == bare.annotation
    assert alert.packet()["objectId"] == alert.annotation["objectId"]
    assert bare.stamps().science is None
