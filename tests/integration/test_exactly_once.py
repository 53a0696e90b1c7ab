"""The promise: each readable packet annotated exactly once, each unreadable one dead-lettered exactly once.

Real packets, some of them damaged; a real Kafka; the real command, killed in mid-transaction three times. What is
readable is told by plain fastavro: the whole record decodes, nothing is left over, and its ids agree.
"""

from __future__ import annotations

import io
import random
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import fastavro
import pytest
from confluent_kafka import Message

from consumers import names
from consumers.worker.dead_letters import REASON_HEADER
from ops.local_kafka import LocalKafka
from tests.broker.packets import rubin_files, rubin_schema, ztf_files
from tests.integration.workers import Cluster, WorkerProcess, header, origin, wait_until

ZTF, RUBIN = names.annotated("ztf"), names.annotated("lsst")
ANNOTATED = (ZTF, RUBIN)
WIRE_HEADER = 5
SYNC = 16

Schemas = dict[int, Any]


@pytest.fixture
def cluster() -> Iterator[Cluster]:
    """Its topics are taken away and given back, to hold a transaction open."""
    with LocalKafka() as kafka:
        yield Cluster(kafka)


@pytest.fixture
def schemas(shared_data: Path) -> Schemas:
    return {
        100 * major + minor: fastavro.parse_schema(rubin_schema(shared_data, f"{major}_{minor}"))
        for major, minor in ((7, 4), (9, 0), (10, 0), (11, 0))
    }


def body_of(payload: bytes) -> bytes:
    """The encoded record itself, without its framing."""
    if payload[:1] == b"\0":
        return payload[WIRE_HEADER:]
    (block,) = fastavro.block_reader(io.BytesIO(payload))
    return bytes(block.bytes_.getvalue())


def decoded(payload: bytes, schemas: Schemas) -> dict[str, Any] | None:
    """The whole record, or None where it is unreadable."""
    try:
        if payload[:4] == b"Obj\x01":
            (record,) = fastavro.reader(io.BytesIO(payload), handle_unicode_errors="replace")
        else:
            body = io.BytesIO(payload[WIRE_HEADER:])
            schema = (
                schemas[int.from_bytes(payload[1:WIRE_HEADER], "big", signed=True)] if payload[:1] == b"\0" else None
            )
            record = fastavro.schemaless_reader(body, schema, None, handle_unicode_errors="replace")
            if body.read():
                return None
    except Exception:  # noqa: BLE001  whatever fastavro stumbles over is unreadable
        return None
    return record if isinstance(record, dict) and ids_agree(record) else None


def ids_agree(record: dict[str, Any]) -> bool:
    """Whether the record is an alert of one of the surveys, and its ids can be believed."""
    if "candid" in record:
        return _plain(record.get("objectId")) and record["candid"] == record.get("candidate", {}).get("candid")
    if "diaSourceId" in record:
        return record["diaSourceId"] == record.get("diaSource", {}).get("diaSourceId")
    return False


def _plain(text: Any) -> bool:
    return isinstance(text, str) and text != "" and text.isascii() and text.isprintable()


def flipped(payload: bytes, bit: int) -> bytes:
    return payload[: bit // 8] + bytes([payload[bit // 8] ^ 1 << bit % 8]) + payload[bit // 8 + 1 :]


def damaged(packets: list[bytes], draw: random.Random) -> list[bytes | None]:
    """Packets cut short, and with bits flipped in headers, ids and lengths, and elsewhere."""
    results: list[bytes | None] = [None, b"", b"\0", b"Obj\x01", b"\0" * 100]
    for payload in packets:
        header_size = len(payload) - len(body_of(payload)) - (0 if payload[:1] == b"\0" else SYNC)
        ids = range(8 * header_size, 8 * (header_size + 24))  # they and the first lengths are at the beginning
        results += [
            payload[: draw.randrange(1, len(payload))],
            payload + b"\0",
            flipped(payload, draw.randrange(8 * header_size)),
            flipped(payload, draw.choice(ids)),
            flipped(payload, draw.choice(ids)),
            flipped(payload, draw.randrange(ids.stop, 8 * len(payload))),  # mostly pixels
        ]
    return results


def unknown_schema(payload: bytes) -> bytes:
    return b"\0" + (4711).to_bytes(4, "big") + payload[WIRE_HEADER:]


class Stream:
    """What was sent, by origin."""

    def __init__(self, cluster: Cluster) -> None:
        self.cluster = cluster
        self.rubin_topic = f"{cluster.name}-lsst"
        self.sent: dict[str, bytes | None] = {}
        cluster.create(self.rubin_topic)

    def send(self, ztf: list[bytes | None], rubin: list[bytes | None]) -> None:
        for topic, values in ((self.cluster.name, ztf), (self.rubin_topic, rubin)):
            first = sum(origin.startswith(f"{topic}/") for origin in self.sent)
            self.sent |= {f"{topic}/0/{first + i}": value for i, value in enumerate(values)}
            self.cluster.produce(values, topic)

    def committed(self) -> bool:
        return sum(row["records"] for row in self.cluster.ledger()) == len(self.sent)


def place(message: Message) -> tuple[Any, ...]:
    return message.topic(), message.partition(), message.offset()


def places(messages: list[Message]) -> set[tuple[Any, ...]]:
    return {place(message) for message in messages}


def test_every_record_comes_out_exactly_once_though_the_worker_is_killed_in_mid_transaction(
    cluster: Cluster, shared_data: Path, weights: Path, schemas: Schemas, tmp_path: Path
) -> None:
    ztf = [file.read_bytes() for file in ztf_files(shared_data)[::5]]
    rubin = [file.read_bytes() for file in rubin_files(shared_data)[::3]]
    draw = random.Random(20261121)
    stream = Stream(cluster)
    # A missing output topic holds open the first transaction that writes there. The first record of each stage does, so
    # that whatever is seen before the kill belongs to that transaction, however the records fell into batches.
    stages: list[tuple[str, list[bytes | None], list[bytes | None]]] = [
        (names.LEDGER, list(ztf), []),
        (names.scores("lsst"), [], list(rubin)),
        (
            names.DEAD,
            [*damaged(ztf[:12], draw), *ztf[:8]],
            [*damaged(rubin[:12], draw), *map(unknown_schema, rubin[:2])],
        ),
    ]
    settings = cluster.settings(further={stream.rubin_topic: "lsst"}, batch_size=16, dead_limit_ratio=1.0)

    def worker() -> WorkerProcess:
        return WorkerProcess(tmp_path, settings, weights=weights, schemas=shared_data / "lsst" / "schema")

    seen_at_kills: list[set[tuple[Any, ...]]] = []
    for missing, of_ztf, of_rubin in stages:
        watched = {*ANNOTATED, names.LEDGER} - {missing}
        known = places(cluster.read_uncommitted(*watched))
        with worker() as running:
            told = running.log.stat().st_size
            wait_until(lambda: b'"assigned"' in running.log.read_bytes()[told:])  # noqa: B023  it has seen to its topics
            cluster.delete(missing)
            stream.send(of_ztf, of_rubin)
            wait_until(lambda: places(cluster.read_uncommitted(*watched)) - known)  # noqa: B023
            running.kill()
        seen_at_kills.append(places(cluster.read_uncommitted(*watched)) - known)
        cluster.create(missing)
        with worker() as running:
            wait_until(stream.committed)
            assert running.terminate() == 0

    check_outputs(stream, schemas)
    committed = places(cluster.read(*ANNOTATED, names.LEDGER))
    for seen in seen_at_kills:
        assert seen - committed, "this kill hit no open transaction"
    audit = cluster.audit(stream.rubin_topic)
    assert audit.balanced, audit.problems
    assert audit.received == len(stream.sent)


def check_outputs(stream: Stream, schemas: Schemas) -> None:
    """Compare what came out with what fastavro says of what went in."""
    annotated = {origin(message): message for message in stream.cluster.read(*ANNOTATED)}
    dead = {origin(message): message for message in stream.cluster.read(names.DEAD)}
    assert len(stream.cluster.read(*ANNOTATED)) == len(annotated)
    assert len(stream.cluster.read(names.DEAD)) == len(dead)
    assert stream.cluster.origins(*map(names.scores, ("ztf", "lsst"))) == sorted(annotated)

    records = {key: decoded(value or b"", schemas) for key, value in stream.sent.items()}
    readable = {key for key, record in records.items() if record is not None}
    assert {key: header(dead[key], REASON_HEADER) for key in dead.keys() & readable} == {}
    assert annotated.keys() - readable == set()
    assert annotated.keys() == readable
    assert dead.keys() == stream.sent.keys() - readable
    reasons = Counter(header(message, REASON_HEADER) for message in dead.values())
    assert {"empty", "framing", "schema unknown", "lengths", "trailing bytes"} <= reasons.keys()
    for key, message in dead.items():
        assert message.value() == stream.sent[key]

    for key, message in annotated.items():
        output, sent = message.value() or b"", stream.sent[key] or b""
        assert isinstance(output, bytes)
        assert body_of(output).startswith(body_of(sent))
        (record,) = fastavro.reader(io.BytesIO(output), handle_unicode_errors="replace")
        assert isinstance(record, dict)
        annotation = record.pop("annotation")
        assert repr(record) == repr(records[key])
        assert annotation["backbone"]["name"] == "efficientnetv2-b0"
        assert message.key() == annotation["objectId"].encode()
