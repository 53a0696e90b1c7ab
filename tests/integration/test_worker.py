"""The worker on a real Kafka: what it does when things around it are slow, gone, or wrong."""

from __future__ import annotations

import json
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient, AlterConfigOpType, ConfigEntry, ConfigResource

from consumers import names
from consumers.registry import RegistrySource
from consumers.worker.dead_letters import REASON_HEADER
from consumers.worker.output_schemas import RegisteredSchemas
from ops.local_kafka import LocalKafka
from ops.local_registry import LocalRegistry
from schemas.errors import SchemaSourceDownError
from schemas.framing import container
from schemas.source import FolderSource
from schemas.writer import WriterSchema
from tests.broker.packets import decode_container, decode_wire, rubin_files, rubin_schema
from tests.integration.raw_produce import produce_with_header_name
from tests.integration.workers import (
    WITHIN,
    Cluster,
    StandIn,
    WorkerThread,
    header,
    wait_until,
)

ZTF, RUBIN = names.annotated("ztf"), names.annotated("lsst")


@pytest.fixture
def rubin(shared_data: Path) -> list[bytes]:
    return [file.read_bytes() for file in rubin_files(shared_data)[:20]]


class Gate(StandIn):
    """An annotator that stands still until it is let go."""

    def __init__(self) -> None:
        self.open = threading.Event()
        self.entered = threading.Event()

    def annotate(self, packets: Sequence[Any], received: Sequence[Any]) -> list[Any]:
        self.entered.set()
        assert self.open.wait(WITHIN)
        return super().annotate(packets, received)


class Switch:
    """A schema source that answers, or does not."""

    def __init__(self, folder: Path) -> None:
        self._source = FolderSource(folder)
        self.down = threading.Event()
        self.asked = threading.Event()

    def get(self, schema_id: int) -> WriterSchema:
        if self.down.is_set():
            self.asked.set()
            raise SchemaSourceDownError("switched off by the test")
        return self._source.get(schema_id)


def test_annotates_in_order_and_keeps_keys_and_provenance(cluster: Cluster, ztf: list[bytes]) -> None:
    cluster.produce(ztf)
    with WorkerThread(cluster.settings()) as worker:
        wait_until(lambda: len(cluster.read(ZTF)) == len(ztf))
        wait_until(worker.health.problems)  # the backbone is the caller's to report
        assert worker.health.problems() == ["backbone: not loaded yet"]
    messages = cluster.read(ZTF)
    assert [header(message, "sosia-origin") for message in messages] == [
        f"{cluster.name}/0/{i}" for i in range(len(ztf))
    ]
    assert {header(message, "sosia-attempt") for message in messages} == {"1"}
    assert all((message.key() or b"").startswith(b"ZTF") for message in messages)
    assert cluster.origins(names.scores("ztf")) == cluster.inputs(len(ztf))
    assert worker.metric("sosia_alerts_total", survey="ztf", outcome="annotated") == len(ztf)
    assert worker.error is None
    cluster.assert_balanced(len(ztf))


def test_a_full_pipeline_pauses_the_input_and_keeps_the_membership(cluster: Cluster, ztf: list[bytes]) -> None:
    gate = Gate()
    cluster.produce(ztf)
    with WorkerThread(cluster.settings(queue_batches=1), annotator=gate) as worker:
        wait_until(lambda: worker.metric("sosia_paused") == 1)
        assert cluster.read(ZTF) == []
        assert worker.metric("sosia_pauses_total") == 1
        gate.open.set()
        wait_until(lambda: len(cluster.read(ZTF)) == len(ztf))
        wait_until(lambda: worker.metric("sosia_paused") == 0)
    assert cluster.origins(ZTF) == cluster.inputs(len(ztf))
    cluster.assert_balanced(len(ztf))


def test_a_silent_schema_source_delays_records_and_kills_none(
    cluster: Cluster, ztf: list[bytes], rubin: list[bytes], shared_data: Path
) -> None:
    source = Switch(shared_data / "lsst" / "schema")
    source.down.set()
    values = [value for pair in zip(ztf, rubin, strict=False) for value in pair]
    cluster.produce(values)
    with WorkerThread(cluster.settings("lsst", queue_batches=1), source=source) as worker:
        wait_until(lambda: worker.metric("sosia_paused") == 1)
        wait_until(lambda: any("schema source" in problem for problem in worker.health.problems()))
        assert cluster.read(ZTF, RUBIN, names.DEAD) == []
        source.down.clear()
        wait_until(lambda: len(cluster.read(ZTF, RUBIN)) == len(values))
        wait_until(lambda: not any("schema source" in problem for problem in worker.health.problems()))
    assert cluster.origins(ZTF, RUBIN) == cluster.inputs(len(values))
    assert cluster.read(names.DEAD) == []
    cluster.assert_balanced(len(values))


def test_a_worker_that_waits_for_a_schema_source_can_be_stopped(
    cluster: Cluster, rubin: list[bytes], shared_data: Path
) -> None:
    source = Switch(shared_data / "lsst" / "schema")
    source.down.set()
    cluster.produce(rubin)
    with WorkerThread(cluster.settings("lsst"), source=source) as worker:
        assert source.asked.wait(WITHIN)
        worker.stop()
    assert worker.error is None
    assert cluster.read(RUBIN, names.DEAD, names.LEDGER) == []


def test_stop_commits_what_is_in_flight(cluster: Cluster, ztf: list[bytes]) -> None:
    gate = Gate()
    cluster.produce(ztf[:8])
    with WorkerThread(cluster.settings(batch_deadline_s=60.0), annotator=gate) as worker:  # a batch of all eight
        assert gate.entered.wait(WITHIN)
        worker.worker.stop()
        gate.open.set()
        worker.join()
    assert worker.error is None
    assert cluster.origins(ZTF) == cluster.inputs(8)


def test_a_refused_record_aborts_the_transaction_and_the_worker_goes_on_from_the_last_commit(
    cluster: Cluster, ztf: list[bytes]
) -> None:
    """One output is larger than its topic takes; once the topic takes it, everything comes out once."""
    resource = ConfigResource(ConfigResource.Type.TOPIC, ZTF)

    def allow(size: int) -> None:
        entry = ConfigEntry("max.message.bytes", str(size), incremental_operation=AlterConfigOpType.SET)
        admin = AdminClient(cluster.config)
        (done,) = admin.incremental_alter_configs(
            [ConfigResource(resource.restype, resource.name, incremental_configs=[entry])]
        ).values()
        done.result(WITHIN)

    allow(20_000)
    cluster.produce(ztf)
    with WorkerThread(cluster.settings()) as worker:
        wait_until(lambda: worker.metric("sosia_transactions_total", outcome="aborted") >= 2)
        assert cluster.read(ZTF, names.scores("ztf"), names.LEDGER) == []
        allow(1_000_000)
        wait_until(lambda: len(cluster.read(ZTF)) >= len(ztf))
    assert worker.error is None
    assert cluster.origins(ZTF) == cluster.inputs(len(ztf))
    assert cluster.origins(names.scores("ztf")) == cluster.inputs(len(ztf))
    cluster.assert_balanced(len(ztf))


def test_a_second_worker_of_the_same_name_fences_the_first(cluster: Cluster, ztf: list[bytes]) -> None:
    cluster.produce(ztf[:8])
    first = WorkerThread(cluster.settings())
    with first:
        wait_until(lambda: len(cluster.read(ZTF)) == 8)
        with WorkerThread(cluster.settings()) as second:
            first.join()
            assert isinstance(first.error, KafkaException)
            assert "fenced" in str(first.error)
            cluster.produce(ztf[8:])
            wait_until(lambda: len(cluster.read(ZTF)) == len(ztf))
    assert second.error is None
    assert cluster.origins(ZTF) == cluster.inputs(len(ztf))
    cluster.assert_balanced(len(ztf))


def test_partitions_are_shared_by_workers_and_taken_over(kafka: LocalKafka, ztf: list[bytes]) -> None:
    cluster = Cluster(kafka, partitions=4)
    first = WorkerThread(cluster.settings(name="first"))
    second = WorkerThread(cluster.settings(name="second"))
    with first:
        for i, value in enumerate(ztf[:20]):
            cluster.produce([value], partition=i % 4)
        wait_until(lambda: len(cluster.read(ZTF)) >= 5)
        with second:
            wait_until(lambda: "partitions" not in str(second.health.problems()))
            for i, value in enumerate(ztf[20:40]):
                cluster.produce([value], partition=i % 4)
            wait_until(lambda: len(cluster.read(ZTF)) >= 40)
            wait_until(lambda: second.metric("sosia_alerts_total", survey="ztf", outcome="annotated") > 0)
        for i, value in enumerate(ztf[40:]):
            cluster.produce([value], partition=i % 4)
        wait_until(lambda: len(cluster.read(ZTF)) >= len(ztf))
    assert (first.error, second.error) == (None, None)
    assert len(set(cluster.origins(ZTF))) == len(cluster.origins(ZTF)) == len(ztf)
    cluster.assert_balanced(len(ztf))


def test_a_worker_that_finds_nearly_everything_unreadable_stops_and_says_so(cluster: Cluster, ztf: list[bytes]) -> None:
    settings = cluster.settings(dead_limit_ratio=0.9, dead_limit_window=40)
    cluster.produce(ztf[:8])
    with WorkerThread(settings) as worker:
        wait_until(lambda: len(cluster.read(ZTF)) == 8)
        cluster.produce([b"no packet"] * 100)
        wait_until(lambda: any("unreadable" in problem for problem in worker.health.problems()))
        before = cluster.origins(names.DEAD)
        assert len(before) < 100
        cluster.produce(ztf[8:16])
        assert worker.health.live()
        assert cluster.origins(names.DEAD) == before
    assert worker.error is None
    assert cluster.audit().problems == ()


def test_a_replayed_record_keeps_its_origin_and_its_attempt(own_cluster: Cluster, ztf: list[bytes]) -> None:
    cluster = own_cluster
    cluster.create(names.REPLAY)
    headers = [(names.ORIGIN_HEADER, f"{cluster.name}/3/14".encode()), (names.ATTEMPT_HEADER, b"2")]
    cluster.produce(ztf[:1], names.REPLAY, headers=headers)
    cluster.produce(ztf[1:2], headers=headers)  # on a survey's topic these are a stranger's
    with WorkerThread(cluster.settings()):
        wait_until(lambda: len(cluster.read(ZTF)) == 2)
    attempts = {
        header(message, names.ORIGIN_HEADER): header(message, names.ATTEMPT_HEADER) for message in cluster.read(ZTF)
    }
    assert attempts == {f"{cluster.name}/0/0": "1", f"{cluster.name}/3/14": "2"}
    assert {row["topic"]: row["repeated"] for row in cluster.ledger()} == {cluster.name: 0, names.REPLAY: 1}


def test_a_header_whose_name_is_no_text_harms_nobody(cluster: Cluster, ztf: list[bytes]) -> None:
    cluster.produce(ztf[:1])
    produce_with_header_name(cluster.kafka.bootstrap, cluster.name, ztf[1], b"\xff\xfe")
    produce_with_header_name(cluster.kafka.bootstrap, cluster.name, b"no packet", b"\xff\xfe")
    with WorkerThread(cluster.settings()) as worker:
        wait_until(lambda: len(cluster.read(ZTF, names.DEAD)) == 3)
    assert worker.error is None
    assert cluster.origins(ZTF) == cluster.inputs(2)
    cluster.assert_balanced(3)  # the audit reads the same headers


def test_a_packet_whose_schema_the_registry_refuses_is_a_dead_letter(
    cluster: Cluster, registry: LocalRegistry, rubin: list[bytes], shared_data: Path
) -> None:
    schema = rubin_schema(shared_data, "10_0")
    first, *others = schema["fields"]
    broken = {**schema, "fields": [{**first, "default": "no number"}, *others]}
    bodies = [one[5:] for one in rubin[:2]]
    cluster.produce([container(json.dumps(broken), bodies[0]), container(json.dumps(schema), bodies[1])])
    source = RegistrySource(registry.url, patience_s=0.0)
    with WorkerThread(cluster.settings("lsst"), source=source, schemas=RegisteredSchemas(source)):
        wait_until(lambda: len(cluster.read(RUBIN, names.DEAD)) == 2)
    assert [header(one, REASON_HEADER) for one in cluster.read(names.DEAD)] == ["schema invalid"]
    cluster.assert_balanced(2)


def test_with_a_registry_rubins_outputs_are_in_wire_format_under_registered_schemas(
    cluster: Cluster, registry: LocalRegistry, rubin: list[bytes], ztf: list[bytes], shared_data: Path
) -> None:
    source = RegistrySource(registry.url, patience_s=0.0)
    survey_schema = json.dumps(rubin_schema(shared_data, "10_0"))
    number = source.register(f"{cluster.name}-value", survey_schema)
    sent = [b"\0" + number.to_bytes(4, "big") + one[5:] for one in rubin]
    cluster.produce([*sent, *ztf[:2]])
    with WorkerThread(cluster.settings("lsst"), source=source, schemas=RegisteredSchemas(source)):
        wait_until(lambda: len(cluster.read(RUBIN, ZTF)) == len(sent) + 2)
    for message, original in zip(cluster.read(RUBIN), sent, strict=True):
        output = message.value() or b""
        derived = source.get(int.from_bytes(output[1:5], "big"))
        record = decode_wire(output, derived.json)
        assert record.pop("annotation")["objectId"].encode() == message.key()
        assert record == decode_wire(original, json.loads(survey_schema))
    for message in cluster.read(names.scores("lsst"), names.scores("ztf")):
        thin = message.value() or b""
        assert (
            decode_wire(thin, source.get(int.from_bytes(thin[1:5], "big")).json)["objectId"].encode() == message.key()
        )
    assert all(decode_container(message.value() or b"") for message in cluster.read(ZTF))
