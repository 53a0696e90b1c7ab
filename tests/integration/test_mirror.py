"""The mirror between two real clusters, SIGKILLed in mid-transaction: each record once, in order, as it was."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest
from confluent_kafka import KafkaError, KafkaException, Message, Producer
from structlog.testing import capture_logs

from consumers.assembly import utc_now
from consumers.bounded_read import read, topics_of, whole
from consumers.mirror import mirror as module
from consumers.mirror.mirror import Mirror
from consumers.mirror.positions import Positions
from consumers.settings import Settings
from ops.local_kafka import LocalKafka
from schemas.errors import ConfigurationError
from tests.integration.raw_produce import produce_with_header_name
from tests.integration.workers import ROOT, WITHIN, topic_option, wait_until

TOPIC = "ztf_alerts"


@pytest.fixture(scope="module")
def foreign() -> Iterator[LocalKafka]:
    with LocalKafka() as kafka:
        yield kafka


@pytest.fixture(scope="module")
def own() -> Iterator[LocalKafka]:
    with LocalKafka() as kafka:
        yield kafka


def config(kafka: LocalKafka) -> Mapping[str, str]:
    return {"bootstrap.servers": kafka.bootstrap}


def records(kafka: LocalKafka, topic: str) -> dict[int, list[tuple[object, ...]]]:
    """By partition, what of each committed record has to stay."""
    found: dict[int, list[tuple[object, ...]]] = {}
    for one in read(config(kafka), whole(config(kafka), [topic])):
        found.setdefault(one.partition() or 0, []).append(_kept(one))
    return found


def _kept(message: Message) -> tuple[object, ...]:
    return message.key(), message.value(), tuple(message.headers() or ()), message.timestamp()


def publish(kafka: LocalKafka, topic: str, first: int, count: int) -> None:
    producer = Producer({**config(kafka), "linger.ms": 5})
    for number in range(first, first + count):
        producer.produce(
            topic, b"%d" % number * 500, key=None if number % 3 else b"k%d" % number, partition=number % 3,
            headers=[("a", b"1"), ("a", None)], timestamp=1_600_000_000_000 + number,
        )  # fmt: skip
        producer.poll(0)
    assert producer.flush(WITHIN) == 0


class Process:
    """`sosia mirror`, as an operator runs it."""

    def __init__(self, folder: Path, own: LocalKafka, foreign: LocalKafka, topic: str) -> None:
        file = folder / "mirror.toml"
        file.write_text(
            f"[kafka]\nbootstrap_servers = {json.dumps(own.bootstrap)}\n[mirror]\nname = {json.dumps(topic)}\n"
            f"source = {json.dumps(foreign.bootstrap)}\ntopics = [{json.dumps(topic)}]\n"
        )
        with (folder / "mirror.log").open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "consumers.cli", "mirror", "--config", str(file)],
                cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)}, stdout=log, stderr=log,
            )  # fmt: skip

    def kill(self) -> None:
        self.process.kill()
        self.process.wait(WITHIN)


def settings(own: LocalKafka, foreign: LocalKafka, **mirror: object) -> Settings:
    return Settings(
        kafka={"bootstrap_servers": own.bootstrap}, mirror={"source": foreign.bootstrap, "topics": [TOPIC], **mirror}
    )


def test_each_record_arrives_once_and_in_order_though_the_mirror_is_killed_in_mid_transaction(
    own: LocalKafka, foreign: LocalKafka, tmp_path: Path
) -> None:
    foreign.create_topics({TOPIC: 3})
    publish(foreign, TOPIC, 0, 2000)
    sent = 2000
    for kill in range(3):
        mirror = Process(tmp_path, own, foreign, TOPIC)
        wait_until(lambda: TOPIC in topics_of(config(own)) and len(_uncommitted(own)) > 400 * (kill + 1))  # noqa: B023
        publish(foreign, TOPIC, sent, 1000)
        sent += 1000
        mirror.kill()
    mirror = Process(tmp_path, own, foreign, TOPIC)
    wait_until(lambda: sum(map(len, records(own, TOPIC).values())) >= sent)
    mirror.process.terminate()
    assert mirror.process.wait(WITHIN) == 0
    assert records(own, TOPIC) == records(foreign, TOPIC)
    positions = Positions(config(own), TOPIC)
    assert topic_option(own, TOPIC, "max.message.bytes") == "9000000"  # not the broker's 1 MB
    ends = {span.partition: span.end for span in whole(config(foreign), [TOPIC])}
    assert {number: positions.of((TOPIC, number)) for number in range(3)} == ends


def _uncommitted(own: LocalKafka) -> range:
    """As many as there are offsets, those of open transactions too."""
    return range(sum(span.end - span.start for span in whole(config(own), [TOPIC])))


def test_a_second_mirror_of_the_same_name_fences_the_first(
    own: LocalKafka, foreign: LocalKafka, tmp_path: Path
) -> None:
    topic = "fenced"
    foreign.create_topics({topic: 3})
    first = Process(tmp_path, own, foreign, topic)
    publish(foreign, topic, 0, 30)
    wait_until(lambda: topic in topics_of(config(own)) and sum(map(len, records(own, topic).values())) == 30)
    second = Process(tmp_path, own, foreign, topic)

    def ended() -> bool:
        publish(foreign, topic, 30, 30)  # it meets its successor when it has something to write
        return first.process.poll() is not None

    try:
        wait_until(ended)
        assert first.process.wait(WITHIN) == 1
        assert "fenced" in (tmp_path / "mirror.log").read_text()
        wait_until(lambda: records(own, topic) == records(foreign, topic))
    finally:
        first.kill()
        second.kill()


@contextmanager
def running(mirror: Mirror) -> Iterator[threading.Thread]:
    thread = threading.Thread(target=mirror.run)
    thread.start()
    try:
        yield thread
    finally:
        mirror.stop()
        thread.join(WITHIN)


def test_topics_that_are_made_while_it_looks_are_mirrored_though_their_leaders_are_just_being_found(
    own: LocalKafka, foreign: LocalKafka, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "TOPICS_S", 0.0)
    topics = [f"made-{number}" for number in range(3)]
    own.create_topics(dict.fromkeys(topics, 20))  # or there was time meanwhile
    mirror = Mirror(settings(own, foreign, name="made", topics=[], patterns=["^made-"]), utc_now)
    with running(mirror) as thread:
        for topic in topics:
            foreign.create_topics({topic: 20})
            publish(foreign, topic, 0, 3)
        wait_until(lambda: mirror.mirrored == 3 * len(topics) or not thread.is_alive())
    for topic in topics:
        assert records(own, topic) == records(foreign, topic)


def test_it_goes_on_where_it_cannot_look_for_new_topics(
    own: LocalKafka, foreign: LocalKafka, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "TOPICS_S", 0.0)
    topic = "looked-for"
    foreign.create_topics({topic: 3})
    publish(foreign, topic, 0, 3)
    mirror = Mirror(settings(own, foreign, name="looking", topics=[topic]), utc_now)
    failed: list[str] = []

    def away() -> None:
        failed.append(topic)
        raise KafkaException(KafkaError(KafkaError._ALL_BROKERS_DOWN))

    with running(mirror):
        wait_until(lambda: mirror.mirrored == 3)
        monkeypatch.setattr(mirror._topics, "current", away)
        wait_until(lambda: len(failed) > 1)
        publish(foreign, topic, 3, 3)
        wait_until(lambda: mirror.mirrored == 6)


def test_headers_that_cannot_be_read_are_counted_and_told(own: LocalKafka, foreign: LocalKafka) -> None:
    """What is before and after such a record comes whole; of the record itself only the headers stay behind."""
    topic = "odd-headers"
    foreign.create_topics({topic: 3})
    publish(foreign, topic, 0, 1)
    for value in (b"one", b"two"):
        produce_with_header_name(foreign.bootstrap, topic, value, b"\xff\xfe")
    publish(foreign, topic, 3, 1)
    mirror = Mirror(settings(own, foreign, name="odd", topics=[topic]), utc_now)
    with capture_logs() as logs, running(mirror):
        wait_until(lambda: mirror.mirrored == 4)
    found = read(config(own), whole(config(own), [topic]))
    assert [(one.value(), bool(one.headers())) for one in found] == [
        (b"0" * 500, True), (b"one", False), (b"two", False), (b"3" * 500, True)
    ]  # fmt: skip
    assert mirror.without_headers == 2
    warned = [one for one in logs if "without their headers" in one["event"]]
    assert (warned[0]["first"], warned[-1]["since_the_start"]) == (f"{topic}/0/1", 2)
    (stopped,) = (one for one in logs if one["event"] == "stopped")
    assert (stopped["mirrored"], stopped["without_headers"]) == (4, 2)


def test_a_topic_has_one_source(own: LocalKafka, foreign: LocalKafka) -> None:
    mirror = Mirror(settings(own, foreign, name="another", topics=["fenced"]), utc_now)
    with pytest.raises(ConfigurationError, match="topic fenced is mirrored from fenced"):
        mirror.run()


def test_it_needs_a_source_and_topics(own: LocalKafka, foreign: LocalKafka) -> None:
    with pytest.raises(ConfigurationError, match=r"mirror\.source"):
        Mirror(settings(own, foreign, source=None), utc_now)
    with pytest.raises(ConfigurationError, match="'topics' nor 'patterns'"):
        Mirror(settings(own, foreign, topics=[]), utc_now)
    with pytest.raises(ConfigurationError, match=r"mirror\.topics: 'no topic' is no topic name"):
        Mirror(settings(own, foreign, topics=["no topic"]), utc_now)
