from __future__ import annotations

import json
import math
import os
import subprocess
import sys
import uuid
from collections.abc import Callable
from datetime import timedelta

import pytest
from confluent_kafka import Producer

import schemas
from ops.local_kafka import LocalKafka
from schemas.own import pack
from tests.consumers.client.annotations import START, annotation, judged
from tests.integration.workers import WITHIN, sosia


@pytest.fixture(scope="module")
def scores(kafka: LocalKafka) -> str:
    """Topic with 30 annotations, a second apart, of ever worse images."""
    name = f"scores-{uuid.uuid4().hex[:8]}"
    kafka.create_topics({name: 1})
    producer = Producer({"bootstrap.servers": kafka.bootstrap})
    for number in range(30):
        time = int((START + timedelta(seconds=number)).timestamp() * 1000)
        producer.produce(name, pack("annotation", annotation(number, epoch=judged(number / 20))), timestamp=time)
    assert producer.flush(WITHIN) == 0
    return name


def test_the_command_prints_a_line_an_alert(kafka: LocalKafka, scores: str) -> None:
    done = sosia("tail", "--topic", scores, "--last", "2", "--no-follow", "--bootstrap", kafka.bootstrap)
    assert (done.returncode, done.stderr) == (0, "")
    first, second = done.stdout.splitlines()
    assert "ZTF18abcdefg" in first
    assert "distance   2.800" in first
    assert "problematic" in second


def test_json_has_the_avro_field_names(kafka: LocalKafka, scores: str) -> None:
    begin = (START + timedelta(seconds=27)).isoformat()
    done = sosia("tail", "--topic", scores, "--from", begin, "--no-follow", "--json", "--bootstrap", kafka.bootstrap)
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert sorted(line["epochId"] for line in lines) == ["27", "28", "29"]
    assert lines[0]["annotateTime"].startswith("2026-10-01T06:00:2")
    assert set(lines[0]) == {field["name"] for field in schemas.load("annotation")["fields"]}


def test_json_has_null_for_a_number_that_is_none(kafka: LocalKafka, topic: Callable[..., str]) -> None:
    name = topic("scores")
    producer = Producer({"bootstrap.servers": kafka.bootstrap})
    producer.produce(name, pack("annotation", annotation(1, ra=math.nan, epoch=judged(math.inf))))
    assert producer.flush(WITHIN) == 0
    done = sosia("tail", "--topic", name, "--no-follow", "--json", "--bootstrap", kafka.bootstrap)
    assert "NaN" not in done.stdout
    assert "Infinity" not in done.stdout
    told = json.loads(done.stdout)
    assert (told["ra"], told["epoch"]["score"], told["dec"]) == (None, None, 2.0)


def test_a_record_without_an_annotation_is_told_with_its_place(kafka: LocalKafka, topic: Callable[..., str]) -> None:
    name = topic("scores")
    producer = Producer({"bootstrap.servers": kafka.bootstrap})
    producer.produce(name, b"no packet")
    assert producer.flush(WITHIN) == 0
    done = sosia("tail", "--topic", name, "--no-follow", "--json", "--bootstrap", kafka.bootstrap)
    told = json.loads(done.stdout)
    assert done.returncode == 1
    assert (told["topic"], told["partition"], told["offset"]) == (name, 0, 0)
    assert "framing" in told["error"]


def test_ids_from_packets_cannot_steer_the_terminal(kafka: LocalKafka, topic: Callable[..., str]) -> None:
    name = topic("scores")
    producer = Producer({"bootstrap.servers": kafka.bootstrap})
    producer.produce(name, pack("annotation", annotation(1, object_id="\x1b[2J[bold]\r\u202e")))
    producer.flush(WITHIN)
    done = sosia("tail", "--topic", name, "--no-follow", "--bootstrap", kafka.bootstrap)
    assert "\\x1b[2J[bold]\\r\\u202e" in done.stdout
    assert len(done.stdout.splitlines()) == 1


def test_a_filter_leaves_out_what_does_not_pass(kafka: LocalKafka, scores: str) -> None:
    asked = ("tail", "--topic", scores, "--no-follow", "--json", "--bootstrap", kafka.bootstrap)
    done = sosia(*asked, "--where", "epoch.problematic and epoch.score < 1.18")
    assert [json.loads(line)["epochId"] for line in done.stdout.splitlines()] == ["21", "22", "23"]
    wrong = sosia(*asked, "--where", "epoch.problematik")
    assert wrong.returncode == 2
    assert "did you mean problematic?" in wrong.stderr


def test_a_group_goes_on_where_it_left_off(kafka: LocalKafka, scores: str) -> None:
    asked = ("tail", "--topic", scores, "--no-follow", "--group", scores, "--bootstrap", kafka.bootstrap)
    assert [len(sosia(*asked).stdout.splitlines()) for _ in range(2)] == [30, 0]


def test_a_reader_who_leaves_ends_it_quietly(kafka: LocalKafka, scores: str) -> None:
    """`sosia tail | head`, for eyes and for programs."""
    read, write = os.pipe()
    os.close(read)
    command = [sys.executable, "-m", "consumers.cli", "tail", "--topic", scores, "--bootstrap", kafka.bootstrap]
    with os.fdopen(write, "wb") as nobody:
        for form in ([], ["--json"]):
            done = subprocess.run([*command, *form], stdout=nobody, stderr=subprocess.PIPE, timeout=WITHIN, check=False)
            assert (done.returncode, done.stderr) == (141, b"")
