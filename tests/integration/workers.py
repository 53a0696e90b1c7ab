"""Workers for tests, and what a test sends to them and reads from them: real Kafka, real packets."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

from confluent_kafka import Message, Producer, TopicPartition
from confluent_kafka.admin import AdminClient, ConfigResource
from prometheus_client import CollectorRegistry

from broker.annotator import Finding
from broker.output import Splicer
from broker.reader import Reader
from consumers import names
from consumers.assembly import open_surveys
from consumers.audit.audit import Audit, audit
from consumers.bounded_read import read, reader, topics_of, whole
from consumers.health import Health
from consumers.metrics import Metrics
from consumers.settings import Settings
from consumers.worker.annotating import Decoder, Encoder
from consumers.worker.batch import Record
from consumers.worker.dead_letters import REASON_HEADER
from consumers.worker.loop import Worker
from consumers.worker.output_schemas import Containers, OutputSchemas
from ops.local_kafka import LocalKafka
from schemas.own import unpack
from schemas.source import SchemaSource
from tests.broker.annotations import annotation_of

ROOT = Path(__file__).resolve().parents[2]
#: Longest wait for anything [s]; long, since only a test that fails waits so long, and machines are crowded.
WITHIN = 180.0

SURVEYS = ("ztf", "lsst")
OUTPUTS = [*map(names.annotated, SURVEYS), *map(names.scores, SURVEYS), names.EMBEDDINGS, names.DEAD, names.LEDGER]


def wait_until(condition: Callable[[], object], within: float = WITHIN) -> None:
    """Poll a condition that other processes bring about."""
    deadline = time.monotonic() + within
    while not condition():
        assert time.monotonic() < deadline, "it did not come about in time"
        time.sleep(0.02)


def sosia(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the command `sosia` to its end."""
    command = [sys.executable, "-m", "consumers.cli", *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=WITHIN, check=False)


class StandIn:
    """An annotator that looks at no pixels: what is tested around it is how its answers travel."""

    def annotate(self, packets: Sequence[Any], received: Sequence[Any]) -> list[Any]:
        return [Finding(annotation_of(packet)) for packet in packets]


@dataclass
class Cluster:
    """A Kafka as one test sees it: an input topic and a group of its own, and of the outputs what comes from there."""

    kafka: LocalKafka
    partitions: int = 1
    name: str = field(default_factory=lambda: f"alerts-{uuid.uuid4().hex[:8]}")

    def __post_init__(self) -> None:
        self.create(*(topic for topic in OUTPUTS if topic not in topics_of(self.config)))
        self.create(self.name, partitions=self.partitions)

    @property
    def config(self) -> dict[str, Any]:
        return {"bootstrap.servers": self.kafka.bootstrap}

    def create(self, *topics: str, partitions: int = 1) -> None:
        if topics:
            self.kafka.create_topics(dict.fromkeys(topics, partitions))

    def delete(self, topic: str) -> None:
        admin = AdminClient(self.config)
        admin.delete_topics([topic])[topic].result(WITHIN)
        wait_until(lambda: topic not in topics_of(self.config))

    def produce(self, values: Sequence[bytes | None], topic: str | None = None, **arguments: Any) -> None:
        producer = Producer({**self.config, "message.max.bytes": 8_000_000})
        for value in values:
            producer.produce(topic or self.name, value, **arguments)
            producer.poll(0)
        assert producer.flush(WITHIN) == 0

    def produce_at_once(self, values: Iterable[bytes], topic: str, *, commit: bool = True) -> None:
        """Write in one transaction, which is committed or aborted."""
        producer = Producer({**self.config, "transactional.id": "test"})
        producer.init_transactions(WITHIN)
        producer.begin_transaction()
        for value in values:
            producer.produce(topic, value)
        producer.flush(WITHIN)
        (producer.commit_transaction if commit else producer.abort_transaction)(WITHIN)

    def read(self, *topics: str) -> list[Message]:
        """Committed outputs."""
        return [one for one in read(self.config, whole(self.config, topics)) if self._ours(one)]

    def read_uncommitted(self, *topics: str) -> list[Message]:
        """Outputs of open and aborted transactions too."""
        consumer = reader(self.config, "read_uncommitted")
        spans = whole(self.config, topics)
        messages, ended = [], 0
        consumer.assign([TopicPartition(span.topic, span.partition, span.start) for span in spans])
        while ended < len(spans):
            for message in consumer.consume(500, 0.2):
                if message.error() is None:
                    messages.append(message)
                else:
                    ended += 1
        consumer.close()
        return [one for one in messages if self._ours(one)]

    def _ours(self, message: Message) -> bool:
        if message.topic() == names.LEDGER:
            return (message.key() or b"").startswith((self.name.encode(), names.REPLAY.encode()))
        return origin(message).startswith(self.name)

    def origins(self, *topics: str) -> list[str]:
        """The origins of committed outputs, sorted."""
        return sorted(map(origin, self.read(*topics)))

    def inputs(self, count: int) -> list[str]:
        """The origins of the first records of the input, sorted."""
        return sorted(f"{self.name}/0/{offset}" for offset in range(count))

    def dead(self) -> dict[str, str]:
        """Origin and reason of the dead letters."""
        return {origin(message): header(message, REASON_HEADER) for message in self.read(names.DEAD)}

    def ledger(self) -> list[dict[str, Any]]:
        return [unpack("ledger", message.value() or b"") for message in self.read(names.LEDGER)]

    def audit(self, *further: str) -> Audit:
        return audit(self.config, [self.name, *further])

    def assert_balanced(self, received: int) -> None:
        """The ledger accounts for so many records, each of which came out once."""
        found = self.audit()
        assert found.problems == ()
        assert (found.balanced, found.received) == (True, received)

    def settings(self, survey: str = "ztf", further: Mapping[str, str] | None = None, **worker: Any) -> Settings:
        """Settings of a worker of this input, and of further topics and their surveys."""
        inputs = {self.name: survey, **(further or {})}
        return Settings(
            kafka={"bootstrap_servers": self.kafka.bootstrap, "group": self.name},
            worker={"name": "worker", "batch_size": 8, "batch_deadline_s": 0.05, **worker},
            input={"surveys": [{"survey": survey, "topics": [topic]} for topic, survey in inputs.items()]},
        )


def topic_option(kafka: LocalKafka, topic: str, name: str) -> str | None:
    """What a topic's option is set to."""
    admin = AdminClient({"bootstrap.servers": kafka.bootstrap})
    (asked,) = admin.describe_configs([ConfigResource(ConfigResource.Type.TOPIC, topic)]).values()
    return asked.result(WITHIN)[name].value


def header(message: Message, name: str) -> str:
    headers: Any = message.headers() or []
    (value,) = [value for key, value in headers if key == name]
    return str(value.decode())


def origin(message: Message) -> str:
    return header(message, names.ORIGIN_HEADER)


@dataclass
class WorkerThread:
    """A worker in a thread of the test."""

    settings: Settings
    source: SchemaSource | None = None
    schemas: OutputSchemas = field(default_factory=Containers)
    annotator: Any = field(default_factory=StandIn)
    before: Callable[[Sequence[Record]], object] = lambda _: None
    error: BaseException | None = None

    def __post_init__(self) -> None:
        registry = CollectorRegistry()
        self.health = Health(WITHIN)
        self.metrics = registry
        metrics = Metrics(registry, SURVEYS)
        decode = Decoder(Reader(open_surveys(SURVEYS), self.source), self.schemas)
        encode = Encoder(self.annotator, Splicer(), metrics, before=self.before)
        self.worker = Worker(self.settings, decode, encode, self.health, metrics)
        self._thread = threading.Thread(target=self._run, name="worker", daemon=True)

    def _run(self) -> None:
        try:
            self.worker.run()
        except BaseException as error:  # noqa: BLE001  the test looks at whatever it was
            self.error = error

    def metric(self, name: str, **labels: str) -> float:
        return self.metrics.get_sample_value(name, labels) or 0.0

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def stop(self) -> None:
        self.worker.stop()
        self.join()

    def join(self) -> None:
        self._thread.join(WITHIN)
        assert not self._thread.is_alive()


@dataclass
class WorkerProcess:
    """A worker in a process of its own: `sosia run`, or a script of the tests that is called the same way."""

    folder: Path
    settings: Settings
    script: Path | None = None
    weights: Path | None = None
    schemas: Path | None = None

    def __post_init__(self) -> None:
        command = ["-m", "consumers.cli", "run"] if self.script is None else [str(self.script)]
        config = self.folder / "worker.toml"
        config.write_text(self._toml())
        self.log = self.folder / "worker.log"
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, *command, "--config", str(config)],
                cwd=ROOT,
                env={**os.environ, "PYTHONPATH": str(ROOT)},
                stdout=log,
                stderr=subprocess.STDOUT,
            )

    def _toml(self) -> str:
        worker = self.settings.worker
        lines = [
            "[kafka]",
            f"bootstrap_servers = {json.dumps(self.settings.kafka.bootstrap_servers)}",
            f"group = {json.dumps(self.settings.kafka.group)}",
            "[metrics]",
            "port = 0",
            "[worker]",
            f"name = {json.dumps(worker.name)}",
            f"batch_size = {worker.batch_size}",
            f"batch_deadline_s = {worker.batch_deadline_s}",
            f"queue_batches = {worker.queue_batches}",
            f"transaction_bytes = {worker.transaction_bytes}",
        ]
        if self.weights is not None:
            lines += ["[backbone]", f"weights = {json.dumps(str(self.weights))}", "threads = 2", "batch = 16"]
        if self.schemas is not None:
            lines += ["[registry]", f"schemas = {json.dumps(str(self.schemas))}"]
        for one in self.settings.input.surveys:
            lines += ["[[input.surveys]]", f"survey = {json.dumps(one.survey)}", f"topics = {json.dumps(one.topics)}"]
        return "\n".join(lines)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()

    def kill(self) -> None:
        self.process.kill()
        self.process.wait(WITHIN)

    def terminate(self) -> int:
        """SIGTERM; returns the exit code."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(WITHIN)

    def wait(self) -> int:
        """Wait until it ends on its own; returns the exit code."""
        return self.process.wait(WITHIN)
