"""The audit against a real Kafka of its own: the topics have names that every other test would share."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime

import pytest
from confluent_kafka import Producer
from confluent_kafka.admin import AdminClient

from consumers.audit.audit import Audit, audit
from consumers.names import ATTEMPT_HEADER, DEAD, LEDGER, ORIGIN_HEADER, REPLAY, annotated
from ops.local_kafka import LocalKafka
from schemas.errors import ConfigurationError
from schemas.own import pack
from tests.integration.workers import WITHIN, sosia

OUTPUT = annotated("ztf")
Partition = tuple[str, int]


@dataclass
class Cluster:
    """A hand-made worker, which does exactly what a test tells it to."""

    kafka: LocalKafka
    producer: Producer
    input: str = "night"
    config: dict[str, str] = field(init=False)

    def __post_init__(self) -> None:
        self.config = {"bootstrap.servers": self.kafka.bootstrap}
        self.producer.init_transactions(WITHIN)

    def alerts(self, count: int, partition: int = 0, topic: str = "night") -> None:
        """Publish input records in a transaction of their own, whose marker takes an offset."""
        self.producer.begin_transaction()
        for _ in range(count):
            self.producer.produce(topic, b"x", partition=partition)
        self.producer.commit_transaction(WITHIN)

    def replayed(self, origin: str, attempt: int) -> None:
        self.producer.begin_transaction()
        self.producer.produce(REPLAY, b"x", partition=0, headers=headers(origin, attempt))
        self.producer.commit_transaction(WITHIN)

    def batch(
        self,
        offsets: range,
        outcomes: dict[str, str],
        *,
        source: Partition = ("night", 0),
        attempt: int = 1,
        commit: bool = True,
        row: dict[str, object] | None = None,
    ) -> None:
        """Write one transaction: origins to ``a`` (annotated) or ``d`` (dead), and the ledger's row of the range."""
        self.producer.begin_transaction()
        kinds = list(outcomes.values())
        for origin, kind in outcomes.items():
            if kind != "s":
                topic = OUTPUT if kind == "a" else DEAD
                self.producer.produce(topic, b"x", headers=headers(origin, attempt))
        counts = {"annotated": kinds.count("a"), "dead": kinds.count("d"), "skipped": kinds.count("s")}
        ledger = {
            "topic": source[0], "partition": source[1], "firstOffset": offsets.start, "lastOffset": offsets.stop - 1,
            "records": len(kinds), **counts, "repeated": 0, "worker": "w",
            "reasons": {"lengths": counts["dead"]} if counts["dead"] else {},
            "time": datetime(2026, 11, 1, tzinfo=UTC), **(row or {}),
        }  # fmt: skip
        self.producer.produce(LEDGER, pack("ledger", ledger), key=f"{source[0]}/{source[1]}")
        self.producer.flush(WITHIN)
        (self.producer.commit_transaction if commit else self.producer.abort_transaction)(WITHIN)

    def audit(self) -> Audit:
        return audit(self.config)


def headers(origin: str, attempt: int) -> list[tuple[str, bytes]]:
    return [(ORIGIN_HEADER, origin.encode()), (ATTEMPT_HEADER, str(attempt).encode())]


def origins(offsets: range, kinds: str, source: str = "night/0") -> dict[str, str]:
    return {f"{source}/{offset}": kind for offset, kind in zip(offsets, kinds, strict=True)}


@pytest.fixture
def cluster(own_kafka: LocalKafka) -> Iterator[Cluster]:
    topics = {"night": 2, OUTPUT: 2, DEAD: 1, LEDGER: 2, REPLAY: 1}
    own_kafka.create_topics(topics)
    yield Cluster(own_kafka, Producer({"bootstrap.servers": own_kafka.bootstrap, "transactional.id": "hand-made"}))
    admin = AdminClient({"bootstrap.servers": own_kafka.bootstrap})
    for deletion in admin.delete_topics(list(topics)).values():
        deletion.result(WITHIN)


@pytest.fixture
def night(cluster: Cluster) -> Cluster:
    """Ten records at offsets 0-4 and 6-10 of one partition, three in the other; all accounted for but the last two."""
    cluster.alerts(5)
    cluster.alerts(5)
    cluster.alerts(3, partition=1)
    cluster.batch(range(4), origins(range(4), "aada"))
    cluster.batch(range(4, 9), origins(range(4, 5), "a") | origins(range(6, 9), "ads"))
    cluster.batch(range(3), origins(range(3), "aaa", "night/1"), source=("night", 1))
    return cluster


def test_a_night_in_balance(night: Cluster) -> None:
    found = night.audit()
    assert found.problems == ()
    assert found.balanced
    assert (found.received, found.annotated, found.dead, found.skipped, found.outstanding) == (11, 8, 2, 1, 2)
    assert [(row.partition, row.received, row.last_offset) for row in found.rows] == [(0, 8, 8), (1, 3, 2)]
    assert found.reasons == {"lengths": 2}


def test_what_was_aborted_never_happened(night: Cluster) -> None:
    night.batch(range(9, 11), origins(range(9, 11), "ad"), commit=False)
    assert night.audit().balanced
    night.batch(range(9, 11), origins(range(9, 11), "aa"))
    found = night.audit()
    assert found.balanced
    assert (found.received, found.annotated, found.dead) == (13, 10, 2)


def test_dead_letters_that_are_replayed_balance_by_attempt(night: Cluster) -> None:
    night.replayed("night/0/2", 2)
    night.replayed("night/0/7", 2)
    night.batch(range(3), {"night/0/2": "a", "night/0/7": "d"}, source=(REPLAY, 0), attempt=2)
    found = night.audit()
    assert found.problems == ()
    assert (found.received, found.replayed, found.annotated, found.dead, found.skipped) == (11, 2, 9, 3, 1)
    assert found.outstanding == 1


def test_a_lost_record_is_found(night: Cluster) -> None:
    night.batch(range(9, 11), origins(range(10, 11), "a"), row={"records": 2, "annotated": 2})
    found = night.audit()
    assert not found.balanced
    assert found.difference == 1
    assert "night/0: offset 9 came out nowhere" in found.problems


def test_a_doubled_record_is_found(night: Cluster) -> None:
    night.batch(range(9, 11), origins(range(9, 11), "aa") | {"night/0/0": "a"}, row={"records": 2, "annotated": 2})
    found = night.audit()
    assert not found.balanced
    assert "night/0: offset 0 came out 2 times" in found.problems


def test_a_gap_in_the_ledger_is_found(night: Cluster) -> None:
    night.batch(range(10, 11), origins(range(9, 11), "aa"), row={"records": 1, "annotated": 1})
    found = night.audit()
    assert "night/0: the ledger has no range for offsets 9 to 9" in found.problems


def test_an_output_of_a_record_that_never_was_is_found(night: Cluster) -> None:
    night.batch(range(9, 11), origins(range(9, 11), "aa") | {"night/1/77": "a"}, row={"records": 2, "annotated": 2})
    assert any("such as night/1/77" in problem for problem in night.audit().problems)


@pytest.mark.parametrize("given", [None, headers(f"night/0/{2**40}", 1), headers("night/0/1" + "0" * 5000, 1)])
def test_outputs_without_a_readable_origin_are_found(night: Cluster, given: list[tuple[str, bytes]] | None) -> None:
    night.producer.begin_transaction()
    night.producer.produce(OUTPUT, b"x", headers=given)
    night.producer.commit_transaction(WITHIN)
    assert any("has no readable headers" in problem for problem in night.audit().problems)


def test_only_the_topics_asked_for_are_audited(night: Cluster) -> None:
    night.batch(range(2), origins(range(2), "aa", "gone/0"), source=("gone", 0))
    assert not night.audit().balanced
    assert audit(night.config, ["night"]).balanced


def test_an_empty_ledger_is_no_balance(cluster: Cluster) -> None:
    cluster.alerts(2)
    for inputs in (None, ["night"]):
        with pytest.raises(ConfigurationError, match=r"there is nothing to audit: sosia\.ledger\.v1 has no row"):
            audit(cluster.config, inputs)


def test_outputs_that_nobody_shows_are_not_told_to_be_lost(cluster: Cluster) -> None:
    cluster.alerts(2)
    cluster.batch(range(2), {}, row={"records": 2, "annotated": 2})
    with pytest.raises(ConfigurationError, match=r"counts 2 annotated records of night/0.*no right to Read topic"):
        cluster.audit()


def test_the_command_prints_and_exits_by_the_balance(night: Cluster) -> None:
    asked = ("ledger", "--bootstrap", night.kafka.bootstrap)
    done = sosia(*asked)
    assert (done.returncode, done.stderr) == (0, "")
    assert "11 received + 0 replayed = 8 annotated + 2 dead + 1 skipped, difference 0" in done.stdout
    assert "2 lengths" in done.stdout
    night.batch(range(9, 11), {}, row={"records": 2, "annotated": 2})
    done = sosia(*asked, "--json")
    assert done.returncode == 1
    found = json.loads(done.stdout)
    assert not found["balanced"]
    assert found["difference"] == 2
    assert found["rows"][0]["difference"] == 2
