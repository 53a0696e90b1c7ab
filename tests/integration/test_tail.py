from __future__ import annotations

import json
import subprocess
import sys
import uuid
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Any

import pytest
from confluent_kafka import Producer

import schemas
from consumers.tail import Received, subscribe
from ops.local_kafka import LocalKafka
from schemas.errors import ConfigurationError
from schemas.framing import container, encode, pack

START = datetime(2026, 10, 1, 6, tzinfo=UTC)


def annotation(number: int, object_id: str = "ZTF18abcdefg") -> dict[str, Any]:
    time = START + timedelta(seconds=number)
    epoch = {"state": "warming_up", "referenceDistance": 1.5, "rule": "none", "nEpochs": 0, "reason": "no history"}
    return {
        "pipelineVersion": "0", "survey": "ztf", "objectId": object_id, "epochId": str(number), "band": "g",
        "mjd": 61365.25, "ra": 1.0, "dec": 2.0, "ingestTime": time, "annotateTime": time,
        "backbone": {"name": "b0", "digest": "0"}, "image": {"maskedFraction": 0.0}, "epoch": epoch,
        "classifications": [], "novelty": [], "estimates": [],
    }  # fmt: skip


def packet(number: int) -> bytes:
    """Return a survey's packet with the annotation appended, as the annotated topics hold it."""
    fields = [
        {"name": "candid", "type": "long"},
        {"name": "annotation", "type": ["null", schemas.load("annotation")], "default": None},
    ]
    schema = {"type": "record", "name": "alert", "namespace": "ztf", "fields": fields}
    return container(json.dumps(schema), b"\x02" + b"\x02" + encode("annotation", annotation(number)))


def config(kafka: LocalKafka) -> dict[str, str]:
    return {"bootstrap.servers": kafka.bootstrap}


def timestamp(number: int) -> int:
    return int((START + timedelta(seconds=number)).timestamp() * 1000)


@pytest.fixture(scope="module")
def scores(kafka: LocalKafka) -> str:
    """Topic with 30 annotations in three partitions, one a transaction, each followed by an aborted one."""
    name = f"scores-{uuid.uuid4().hex[:8]}"
    kafka.create_topics({name: 3})
    producer = Producer(config(kafka) | {"transactional.id": name})
    producer.init_transactions(30)
    for number in range(30):
        for aborted in (False, True):
            producer.begin_transaction()
            value = pack("annotation", annotation(number + 1000 * aborted))
            producer.produce(name, value, partition=number % 3, timestamp=timestamp(number))
            producer.flush(30)
            producer.abort_transaction(30) if aborted else producer.commit_transaction(30)
    return name


def epochs(received: list[Received]) -> list[int]:
    assert all(one.annotation is not None for one in received)
    return [int(one.annotation["epochId"]) for one in received if one.annotation]


def test_all_that_is_committed_is_read_once(kafka: LocalKafka, scores: str) -> None:
    assert sorted(epochs(list(subscribe(config(kafka), scores)))) == list(range(30))


@pytest.mark.parametrize("count", [0, 1, 7, 29, 30, 100])
def test_the_last_ones_are_the_newest_in_the_order_of_their_times(kafka: LocalKafka, scores: str, count: int) -> None:
    assert epochs(list(subscribe(config(kafka), scores, last=count))) == list(range(30))[max(0, 30 - count) :]


@pytest.mark.parametrize("first", [0, 12, 29, 40])
def test_a_time_is_where_to_begin(kafka: LocalKafka, scores: str, first: int) -> None:
    found = epochs(list(subscribe(config(kafka), scores, start=timestamp(first) / 1000)))
    assert sorted(found) == list(range(first, 30))


def test_following_goes_on_with_what_comes(kafka: LocalKafka, topic: Callable[..., str]) -> None:
    name = topic("scores")
    producer = Producer(config(kafka))

    def publish(*numbers: int) -> None:
        for number in numbers:
            producer.produce(name, pack("annotation", annotation(number)))
        producer.flush(30)

    publish(28, 29)
    arriving = subscribe(config(kafka), name, last=1, follow=True)
    assert epochs([next(arriving)]) == [29]
    publish(30, 31)
    assert epochs(list(islice(arriving, 2))) == [30, 31]


def test_following_ends_when_told_to(kafka: LocalKafka, scores: str) -> None:
    assert epochs(list(subscribe(config(kafka), scores, last=2, follow=True, stop=lambda: True))) == [28, 29]


def test_full_packets_give_their_annotation_and_others_say_that_they_have_none(
    kafka: LocalKafka, topic: Callable[..., str]
) -> None:
    name = topic("annotated")
    producer = Producer(config(kafka))
    for value in (packet(5), b"no packet"):
        producer.produce(name, value)
    producer.flush(30)
    first, second = subscribe(config(kafka), name)
    assert first.annotation is not None
    assert first.annotation["epochId"] == "5"
    assert second.annotation is None
    assert "framing" in (second.error or "")
    assert (second.topic, second.partition, second.offset) == (name, 0, 1)


def test_a_topic_that_is_not_there_is_named(kafka: LocalKafka) -> None:
    with pytest.raises(ConfigurationError, match=r"no topic sosia\.nowhere"):
        next(subscribe(config(kafka), "sosia.nowhere"))


def sosia(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "consumers.cli", *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)


def test_the_command_prints_a_line_an_alert(kafka: LocalKafka, scores: str) -> None:
    done = sosia("tail", "--topic", scores, "--last", "2", "--no-follow", "--bootstrap", kafka.bootstrap)
    assert (done.returncode, done.stderr) == (0, "")
    first, second = done.stdout.splitlines()
    assert "ZTF18abcdefg" in first
    assert "distance   1.500" in first
    assert "warming_up" in second


def test_json_has_the_avro_field_names(kafka: LocalKafka, scores: str) -> None:
    begin = (START + timedelta(seconds=27)).isoformat()
    done = sosia("tail", "--topic", scores, "--from", begin, "--no-follow", "--json", "--bootstrap", kafka.bootstrap)
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert sorted(line["epochId"] for line in lines) == ["27", "28", "29"]
    assert lines[0]["annotateTime"].startswith("2026-10-01T06:00:2")
    assert set(lines[0]) == {field["name"] for field in schemas.load("annotation")["fields"]}


def test_ids_from_packets_cannot_steer_the_terminal(kafka: LocalKafka, topic: Callable[..., str]) -> None:
    name = topic("scores")
    producer = Producer(config(kafka))
    producer.produce(name, pack("annotation", annotation(1, object_id="\x1b[2J[bold]\r\u202e")))
    producer.flush(30)
    done = sosia("tail", "--topic", name, "--no-follow", "--bootstrap", kafka.bootstrap)
    assert "\\x1b[2J[bold]\\r\\u202e" in done.stdout
    assert len(done.stdout.splitlines()) == 1
