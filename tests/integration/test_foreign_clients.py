"""The outputs as clients that others wrote read them."""

from __future__ import annotations

import io
import subprocess
import uuid
from collections.abc import Callable
from contextlib import closing

import fastavro
import pytest
from confluent_kafka import Consumer, Producer
from confluent_kafka.schema_registry import SchemaRegistryClient
from confluent_kafka.schema_registry.avro import AvroDeserializer
from confluent_kafka.serialization import MessageField, SerializationContext

from broker.output import Splicer
from broker.packet import Packet
from broker.reader import Reader
from broker.surveys.ztf import Ztf
from consumers.names import ORIGIN_HEADER, subject
from consumers.registry import RegistrySource
from models.simulate.stream import simulate
from ops.local_kafka import LocalKafka
from ops.local_registry import LocalRegistry
from tests.broker.annotations import annotation_of
from tests.integration.workers import WITHIN


@pytest.fixture(scope="module")
def alert() -> Packet:
    (simulated,) = simulate("ztf", 1, seed=3)
    return Reader([Ztf()]).read(simulated.packet)


@pytest.fixture
def annotated(kafka: LocalKafka, topic: Callable[..., str], alert: Packet) -> str:
    """Topic with one annotated alert, an object container."""
    name = topic("annotated")
    publish(kafka, name, Splicer().annotated(alert, annotation_of(alert)))
    return name


def publish(kafka: LocalKafka, topic: str, value: bytes) -> None:
    producer = Producer({"bootstrap.servers": kafka.bootstrap})
    producer.produce(topic, value, key=b"object", headers={ORIGIN_HEADER: b"ztf/0/7"})
    assert producer.flush(WITHIN) == 0


def first_value(kafka: LocalKafka, topic: str) -> bytes:
    consumer = Consumer(
        {"bootstrap.servers": kafka.bootstrap, "group.id": uuid.uuid4().hex, "auto.offset.reset": "earliest"}
    )
    consumer.subscribe([topic])
    (message,) = consumer.consume(1, WITHIN)
    consumer.close()
    assert message.error() is None
    value = message.value()
    assert value is not None
    return value


def decoded(container: bytes) -> dict[str, object]:
    (record,) = fastavro.reader(io.BytesIO(container))
    assert isinstance(record, dict)
    return record


def test_fastavro_alone_reads_a_container(kafka: LocalKafka, annotated: str, alert: Packet) -> None:
    record = decoded(first_value(kafka, annotated))
    assert record["objectId"] == alert.object_id
    assert record["annotation"]["epoch"]["problematic"] is True  # type: ignore[index]  # decoded: of any type


def test_confluents_client_reads_wire_format_by_the_registry(
    kafka: LocalKafka, registry: LocalRegistry, topic: Callable[..., str], alert: Packet
) -> None:
    name = topic("annotated")
    derived = Splicer().annotated(alert, annotation_of(alert))
    schema_json = fastavro.reader(io.BytesIO(derived)).metadata["avro.schema"]
    number = RegistrySource(registry.url).register(subject(name, alert.framed.schema.name), schema_json)
    publish(kafka, name, Splicer().annotated(alert, annotation_of(alert), number))
    with closing(SchemaRegistryClient({"url": registry.url})) as client:
        context = SerializationContext(name, MessageField.VALUE)
        record = AvroDeserializer(client)(first_value(kafka, name), context)
    assert record["objectId"] == alert.object_id
    assert record["annotation"]["epoch"]["score"] == 1.5


def test_kcat_reads_the_bytes_and_the_headers(
    kafka: LocalKafka, annotated: str, alert: Packet, program: Callable[..., str]
) -> None:
    kcat = program("kcat")

    def read(form: str) -> bytes:
        command = [kcat, "-C", "-e", "-q", "-b", kafka.bootstrap, "-t", annotated, "-o", "beginning", "-f", form]
        return subprocess.run(command, capture_output=True, timeout=WITHIN, check=True).stdout

    assert read("%k %h") == b"object sosia-origin=ztf/0/7"
    assert decoded(read("%s"))["objectId"] == alert.object_id


def test_hop_client_reads_a_container(kafka: LocalKafka, annotated: str, alert: Packet) -> None:
    from hop import Stream
    from hop.io import StartPosition
    from hop.models import AvroBlob

    stream = Stream(auth=False, start_at=StartPosition.EARLIEST, until_eos=True)
    with stream.open(f"kafka://{kafka.bootstrap}/{annotated}", "r") as opened:
        (raw,) = opened.read_raw()
    assert AvroBlob.deserialize(raw).content["annotation"]["objectId"] == alert.object_id
