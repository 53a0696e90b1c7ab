"""Dead letters on a real Kafka: listed, shown, and sent once more, once."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from confluent_kafka import Producer

from consumers import names
from consumers.cli import main
from consumers.dead.letters import Selection, dead_letters
from consumers.dead.replay import TRANSACTIONAL_ID, replay
from models.simulate.stream import simulate
from ops.local_kafka import LocalKafka
from tests.integration.workers import Cluster, WorkerThread, header, wait_until

LARGEST = 1_000_000


@pytest.fixture(scope="module")
def cluster(own_kafka: LocalKafka) -> Cluster:
    """Three dead letters of two reasons between two good packets."""
    cluster = Cluster(own_kafka)
    good = [alert.packet for alert in simulate("ztf", 2, seed=1)]
    values = [good[0], b"no packet", good[1][:-1], None, good[1]]
    cluster.produce(values[:2], headers=[("survey", b"own")])
    cluster.produce(values[2:])
    with WorkerThread(cluster.settings()):
        wait_until(lambda: len(cluster.read(names.DEAD)) == 3)
    return cluster


def listed(cluster: Cluster, capsys: pytest.CaptureFixture[str], *arguments: str) -> list[dict[str, object]]:
    assert main(["dead", "list", "--json", "--bootstrap", cluster.kafka.bootstrap, *arguments]) == 0
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def test_dead_letters_are_listed_by_reason_topic_and_time(cluster: Cluster, capsys: pytest.CaptureFixture[str]) -> None:
    everything = listed(cluster, capsys)
    assert [(one["origin"], one["reason"]) for one in everything] == [
        (f"{cluster.name}/0/1", "framing"),
        (f"{cluster.name}/0/2", "framing"),
        (f"{cluster.name}/0/3", "empty"),
    ]
    assert listed(cluster, capsys, "--reason", "empty") == everything[2:]
    assert listed(cluster, capsys, "--topic", cluster.name) == everything
    assert listed(cluster, capsys, "--topic", "another") == []
    assert listed(cluster, capsys, "--from", "3600") == everything
    assert listed(cluster, capsys, "--to", "3600") == []
    assert listed(cluster, capsys, "--from", "-3600") == []


def test_one_is_shown_and_its_bytes_written(
    cluster: Cluster, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    arguments = ["dead", "show", f"{cluster.name}/0/1", "--output", str(tmp_path / "x"), "--bootstrap"]
    assert main([*arguments, cluster.kafka.bootstrap]) == 0
    assert json.loads(capsys.readouterr().out)["begins"] == b"no packet".hex()
    assert (tmp_path / "x").read_bytes() == b"no packet"
    assert main(["dead", "show", "nowhere/0/0", "--bootstrap", cluster.kafka.bootstrap]) == 1


def test_what_is_replayed_comes_out_once_more_and_the_ledger_is_in_balance(
    cluster: Cluster, capsys: pytest.CaptureFixture[str]
) -> None:
    """An open transaction of a replay that was killed is ended first, and what was in it is sent."""
    config = cluster.config
    cluster.create(names.REPLAY)
    killed = Producer({**config, "transactional.id": TRANSACTIONAL_ID})
    killed.init_transactions()
    killed.begin_transaction()
    headers = [(names.ORIGIN_HEADER, f"{cluster.name}/0/1".encode()), (names.ATTEMPT_HEADER, b"2")]
    killed.produce(names.REPLAY, b"left open", headers=headers)
    killed.flush()

    arguments = ["dead", "replay", "--reason", "framing", "--bootstrap", cluster.kafka.bootstrap]
    assert main(arguments) == 0
    assert "2 dead letters replayed" in capsys.readouterr().out
    assert main(arguments) == 1
    assert "0 dead letters replayed; 2 were replayed before" in capsys.readouterr().out
    sent = cluster.read(names.REPLAY)
    assert [message.value() for message in sent] == [letter.value for letter in _letters(cluster, "framing")]
    assert header(sent[0], "survey") == "own"
    assert {header(message, names.ATTEMPT_HEADER) for message in sent} == {"2"}

    with WorkerThread(cluster.settings()):
        wait_until(lambda: len(cluster.read(names.DEAD)) == 5)
    found = cluster.audit(names.REPLAY)
    assert (found.problems, found.received, found.replayed, found.outstanding) == ((), 5, 2, 3)
    # Both died again, as attempt 2: the first attempts were sent before, the second ones were not.
    done = replay(config, _letters(cluster, "framing"), LARGEST)
    assert (done.sent, done.refused) == (2, 2)
    done = replay(config, _letters(cluster, "empty"), LARGEST, again=True)
    assert (done.sent, done.refused) == (1, 0)
    done = replay(config, _letters(cluster, "empty"), LARGEST, again=True)
    assert (done.sent, done.refused) == (1, 0)
    attempts = [header(message, names.ATTEMPT_HEADER) for message in cluster.read(names.REPLAY)]
    assert attempts == ["2", "2", "3", "3", "2", "3"]


def _letters(cluster: Cluster, reason: str) -> list[object]:
    return list(dead_letters(cluster.config, Selection(reason=reason)))
