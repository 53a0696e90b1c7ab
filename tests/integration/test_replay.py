from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from consumers.bounded_read import read, whole
from consumers.replay import Progress, ensure_topic, packets_of, publish
from ops.local_kafka import LocalKafka
from schemas.errors import ConfigurationError, SosiaError
from tests.integration.workers import sosia, topic_option


def config(kafka: LocalKafka) -> dict[str, str]:
    return {"bootstrap.servers": kafka.bootstrap}


def values(kafka: LocalKafka, topic: str) -> list[bytes]:
    return [message.value() or b"" for message in read(config(kafka), whole(config(kafka), [topic]))]


def test_real_packets_arrive_byte_for_byte_in_order(
    kafka: LocalKafka, topic: Callable[..., str], shared_data: Path
) -> None:
    name = topic("replay")
    files = sorted((shared_data / "ztf").rglob("*.avro"))[:20]
    done = publish(packets_of(files), name, config(kafka))
    assert (done.sent, done.delivered, done.failed) == (20, 20, 0)
    assert values(kafka, name) == [file.read_bytes() for file in files]


def test_folders_are_looked_through_for_avro_files_only(
    kafka: LocalKafka, topic: Callable[..., str], tmp_path: Path
) -> None:
    name = topic("replay")
    (tmp_path / "night" / "deep").mkdir(parents=True)
    (tmp_path / "night" / "b.avro").write_bytes(b"b")
    (tmp_path / "night" / "deep" / "a.avro").write_bytes(b"a")
    (tmp_path / "night" / "labels.csv").write_bytes(b"no packet")
    publish(packets_of([tmp_path / "night"]), name, config(kafka))
    assert sorted(values(kafka, name)) == [b"a", b"b"]


def test_packets_are_sent_at_the_pace_asked_for(kafka: LocalKafka, topic: Callable[..., str]) -> None:
    now = 0.0
    waits: list[float] = []

    def wait(seconds: float) -> None:
        nonlocal now
        waits.append(round(seconds, 3))
        now += seconds

    def packets() -> Iterator[tuple[str, bytes]]:
        nonlocal now
        for number in range(5):
            now += 0.1 if number == 2 else 0.01  # one takes longer to read
            yield str(number), b"x"

    done = publish(packets(), topic("replay"), config(kafka), rate=20.0, clock=lambda: now, wait=wait)
    assert done.delivered == 5
    assert not done.behind
    # Due after 0, 50, 100, 150 and 200 ms; the slow one is late by 50 ms, and the next is on time all the same.
    assert waits == [0.03, 0.03]
    assert done.late_s == pytest.approx(0.05)
    assert now == pytest.approx(0.2)


def test_a_pace_that_cannot_be_kept_is_told(kafka: LocalKafka, topic: Callable[..., str]) -> None:
    now = 0.0

    def packets() -> Iterator[tuple[str, bytes]]:
        nonlocal now
        for number in range(5):
            now += 1.0  # the disk is slow
            yield str(number), b"x"

    name = topic("replay")
    done = publish(packets(), name, config(kafka), rate=10.0, clock=lambda: now)
    assert done.behind
    assert done.late_s == pytest.approx(4.6)  # the last was due after 0.4 s and came after 5 s
    assert "the pace was not kept, by up to 4.6 s" in done.summary(name)


def test_keys_are_given_where_asked_for(kafka: LocalKafka, topic: Callable[..., str]) -> None:
    name = topic("replay", partitions=2)
    publish([("a", b"1"), ("b", b"2")], name, config(kafka), key=lambda packet: b"object " + packet)
    publish([("c", b"3")], name, config(kafka))
    keys = {message.value(): message.key() for message in read(config(kafka), whole(config(kafka), [name]))}
    assert keys == {b"1": b"object 1", b"2": b"object 2", b"3": None}


def test_a_packet_too_large_is_named(kafka: LocalKafka, topic: Callable[..., str]) -> None:
    options = config(kafka) | {"message.max.bytes": "1000"}
    progress = Progress()
    with pytest.raises(SosiaError, match=r"big\.avro: 2000 bytes cannot be sent"):
        publish([("small", b"1"), ("big.avro", b"2" * 2000)], topic("replay"), options, progress=progress)
    assert progress.delivered == 1


def test_a_missing_topic_is_created_only_when_asked_for(kafka: LocalKafka) -> None:
    with pytest.raises(ConfigurationError, match="has no topic replay-missing"):
        ensure_topic(config(kafka), "replay-missing", None, 3_000_000)
    ensure_topic(config(kafka), "replay-missing", 3, 3_000_000)
    ensure_topic(config(kafka), "replay-missing", 5, 3_000_000)
    assert len(whole(config(kafka), ["replay-missing"])) == 3
    assert topic_option(kafka, "replay-missing", "max.message.bytes") == "3000000"


def test_the_command_publishes_and_tells(kafka: LocalKafka, tmp_path: Path) -> None:
    for number in range(3):
        (tmp_path / f"{number}.avro").write_bytes(b"%d" % number)
    arguments = ["replay", str(tmp_path), "--topic", "replay-command", "--bootstrap", kafka.bootstrap]
    refused = sosia(*arguments)
    assert refused.returncode == 2
    assert "give --partitions" in refused.stderr
    done = sosia(*arguments, "--partitions", "1", "--rate", "1000/s")
    assert (done.returncode, done.stderr) == (0, "")
    assert "3 of 3 packets delivered to replay-command" in done.stdout
    assert values(kafka, "replay-command") == [b"0", b"1", b"2"]


def test_a_path_that_is_not_there_is_a_usage_error(kafka: LocalKafka, topic: Callable[..., str]) -> None:
    with pytest.raises(ConfigurationError, match=r"nowhere\.avro: cannot be read"):
        publish(packets_of([Path("nowhere.avro")]), topic("replay"), config(kafka))
