"""Everything that takes part: three Kafka nodes, Redis, a registry, two workers, and a survey that never pauses."""

from __future__ import annotations

import contextlib
import json
import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any, Self

from confluent_kafka import Consumer, KafkaException, Message, Producer, TopicPartition

import schemas
from consumers import names
from consumers.audit.audit import Audit, audit
from consumers.bounded_read import read, reader, whole
from consumers.registry import RegistrySource
from ops.local_cluster import LocalCluster
from ops.local_registry import LocalRegistry
from schemas.framing import wire
from schemas.own import encode
from tests.redis_server import RedisServer

ROOT = Path(__file__).resolve().parents[2]
INPUT, PARTITIONS, GROUP = "chaos.stamps", 4, "chaos"
ANNOTATED = names.annotated("stamps")
#: Longest wait for anything [s].
WITHIN = 400.0
#: One packet in so many cannot be read.
BAD = 50


class Survey:
    """Publishes small packets at a pace; knows of each that Kafka took whether it is good."""

    def __init__(self, bootstrap: str, schema_id: int, rate: float) -> None:
        self.rate = rate
        self.good: set[str] = set()
        self.bad: set[str] = set()
        self._id = schema_id
        self._sent = 0
        self._stopping = threading.Event()
        self._producer = Producer(
            {
                "bootstrap.servers": bootstrap,
                "enable.idempotence": True,
                "delivery.timeout.ms": int(WITHIN * 1000),
                "linger.ms": 5,
                "reconnect.backoff.max.ms": 500,
                "log_level": 0,
            }
        )
        self._thread = threading.Thread(target=self._run, daemon=True)

    @property
    def published(self) -> int:
        return len(self.good) + len(self.bad)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Publish no more, and wait until Kafka has all."""
        self._stopping.set()
        self._thread.join()
        assert self._producer.flush(WITHIN) == 0
        assert self.published == self._sent, "the survey's own records were lost"

    def _run(self) -> None:
        due = time.monotonic()
        while not self._stopping.is_set():
            self._publish()
            due = max(due + 1.0 / self.rate, time.monotonic() - 1.0)
            self._producer.poll(0)
            while (left := due - time.monotonic()) > 0:
                self._producer.poll(left)  # returns earlier where there is something to tell

    def _publish(self) -> None:
        number = self._sent
        bad = number % BAD == 0
        packet = wire(self._id, encode("epoch_stamp", _stamp(number)))

        def delivered(error: Any, message: Message) -> None:
            assert error is None, error
            place = f"{message.topic()}/{message.partition()}/{message.offset()}"
            (self.bad if bad else self.good).add(place)

        with contextlib.suppress(BufferError):
            self._producer.produce(INPUT, packet[:-3] if bad else packet, on_delivery=delivered)
            self._sent += 1


def _stamp(number: int) -> dict[str, Any]:
    return {
        "objectId": f"star {number % 500}", "epochId": f"{number}", "band": "r", "mjd": 60000.0 + number / 1e4,
        "ra": 10.0, "dec": -5.0, "exposureTime": 30.0, "pixelScale": 0.4, "science": b"none", "reference": None,
        "difference": None, "zeroPoint": None, "psfFwhm": None, "mask": None, "variance": None,
    }  # fmt: skip


class WorkerProcess:
    """One of the workers, under a name that stays over its lives."""

    def __init__(self, stage: Stage, name: str, history: str) -> None:
        self.name = name
        self._log = stage.folder / f"{name}.log"
        self.index_cache = stage.folder / f"{name}-index"
        self.starts = 0
        self._config = stage.folder / f"{name}.toml"
        self._config.write_text(
            f"[kafka]\nbootstrap_servers = {json.dumps(stage.cluster.bootstrap)}\ngroup = {json.dumps(GROUP)}\n"
            f"[worker]\nname = {json.dumps(name)}\nbatch_size = 64\nbatch_deadline_s = 0.1\ndead_limit_ratio = 1.0\n"
            f"[history]\nurl = {json.dumps(history)}\n[registry]\nurl = {json.dumps(stage.registry.url)}\n"
            f'[index]\ncache = {json.dumps(str(self.index_cache))}\n[metrics]\nport = 0\n[log]\nlevel = "info"\n'
            f'[[input.surveys]]\nsurvey = "stamps"\ntopics = [{json.dumps(INPUT)}]\n'
        )
        self.process: subprocess.Popen[bytes] | None = None
        self.start()

    def start(self, clock_off_s: float = 0.0) -> None:
        self.starts += 1
        command = [sys.executable, "-m", "tests.chaos.worker", "--config", str(self._config)]
        with self._log.open("ab") as log:
            self.process = subprocess.Popen(
                [*command, "--clock-off-s", str(clock_off_s)],
                cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)}, stdout=log, stderr=log,
            )  # fmt: skip

    @property
    def pid(self) -> int:
        assert self.process is not None
        return self.process.pid

    @property
    def alive(self) -> bool:
        return self.process is not None and self.process.poll() is None

    def send(self, number: signal.Signals) -> None:
        if self.alive:
            os.kill(self.pid, number)

    def end(self, number: signal.Signals = signal.SIGKILL) -> None:
        self.send(number)
        assert self.process is not None
        self.process.wait(WITHIN)


class Stage:
    """All of it, for a ``with`` block."""

    def __init__(self, folder: Path, rate: float, seed: int) -> None:
        self.folder = folder
        self.draw = random.Random(seed)
        self._rate = rate
        self.cluster = LocalCluster()
        self.registry = LocalRegistry()
        (folder / "redis").mkdir()
        self.redis = RedisServer(folder / "redis")
        self.workers: list[WorkerProcess] = []
        self.struck = 0.0  # when the last fault was done
        self._exit = contextlib.ExitStack()

    def __enter__(self) -> Self:
        with contextlib.ExitStack() as entered:
            for server in (self.cluster, self.registry, self.redis):
                entered.enter_context(server)
            entered.callback(self._end_workers)
            self._exit = entered.pop_all()
        self.cluster.create_topics({INPUT: PARTITIONS, ANNOTATED: PARTITIONS, names.scores("stamps"): PARTITIONS})
        self.cluster.create_topics({names.DEAD: 1, names.LEDGER: 1})
        text = json.dumps(schemas.load("epoch_stamp"))
        schema_id = RegistrySource(self.registry.url).register(f"{INPUT}-value", text)
        self._position = self._asking()
        self.survey = Survey(self.cluster.bootstrap, schema_id, self._rate)
        self.workers = [
            WorkerProcess(self, "on-redis", self.redis.url),
            WorkerProcess(self, "on-sqlite", f"sqlite:{self.folder / 'history.db'}"),
        ]
        self.survey.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._exit.close()

    def _end_workers(self) -> None:
        for worker in self.workers:
            worker.send(signal.SIGCONT)
            worker.end()

    @property
    def config(self) -> dict[str, str]:
        return {"bootstrap.servers": self.cluster.bootstrap}

    def watch(self) -> None:
        """Start workers again that ended, as whatever supervises them would."""
        for worker in self.workers:
            if not worker.alive:
                worker.start()

    def ends(self, topic: str = INPUT) -> dict[int, int]:
        """The ends of a topic's partitions, once Kafka tells them."""
        found: dict[int, int] = {}

        def told() -> bool:
            for number in range(PARTITIONS):
                found[number] = self._position.get_watermark_offsets(TopicPartition(topic, number), timeout=2)[1]
            return True

        self.wait(lambda: self._ask(told))
        return found

    def committed_to(self, ends: dict[int, int]) -> bool:
        """Whether the workers' offsets have come to these."""
        asked = [TopicPartition(INPUT, number) for number in ends]
        return self._ask(
            lambda: all(one.offset >= ends[one.partition] for one in self._position.committed(asked, timeout=2))
        )

    def _ask(self, question: Callable[[], bool]) -> bool:
        """Answer a question about partitions or the group; False where nobody does."""
        try:
            return question()
        except KafkaException:  # an old client may ask for five minutes where the group or the leader once was
            self._position = self._asking()
            return False

    def _asking(self) -> Consumer:
        return Consumer({**self.config, "group.id": GROUP, "isolation.level": "read_uncommitted", "log_level": 0})

    def wait(self, condition: Callable[[], bool]) -> None:
        deadline = time.monotonic() + WITHIN
        while not condition():
            self.watch()
            assert time.monotonic() < deadline, "it did not come about in time"
            time.sleep(0.02)

    def finish(self) -> None:
        """Stop publishing, and let the workers come to the end."""
        self.survey.stop()
        ends = self.ends()
        self.wait(lambda: self.committed_to(ends))
        for worker in self.workers:
            worker.end(signal.SIGTERM)

    def origins(self, topic: str) -> Counter[str]:
        """How often each origin stands among a topic's committed records."""
        return Counter(_origin(one) for one in read(self.config, whole(self.config, [topic])))

    def waiting(self) -> dict[int, int]:
        """The first annotated record of each partition that waits for the end of a transaction."""
        ends = self.ends(ANNOTATED)
        return {number: first for number, first in self._readable().items() if first < ends[number]}

    def readable_to(self, ends: dict[int, int]) -> bool:
        """Whether subscribers may read the annotated topic up to these."""
        readable = self._readable()
        return all(readable.get(number, -1) >= end for number, end in ends.items())

    def _readable(self) -> dict[int, int]:
        """Where the annotated topic's partitions end for subscribers: where a transaction is open, before that."""
        with contextlib.closing(reader(self.config)) as committed, contextlib.suppress(KafkaException):
            places = [TopicPartition(ANNOTATED, number) for number in range(PARTITIONS)]
            return {one.partition: committed.get_watermark_offsets(one, timeout=2)[1] for one in places}
        return {}

    def aborted(self) -> list[tuple[int, int]]:
        """Where the annotated records of aborted transactions stand: partition and offset."""
        spans = whole(self.config, [ANNOTATED])
        committed = {(one.partition(), one.offset()) for one in read(self.config, spans)}
        ended = 0
        found = []
        with contextlib.closing(reader(self.config, "read_uncommitted")) as consumer:
            consumer.assign([TopicPartition(span.topic, span.partition, span.start) for span in spans])
            while ended < len(spans):
                for message in consumer.consume(1000, 1.0):
                    if message.error() is not None:
                        ended += 1
                    elif (place := (message.partition() or 0, message.offset() or 0)) not in committed:
                        found.append(place)
        return found

    def audit(self) -> Audit:
        return audit(self.config)


def _origin(message: Message) -> str:
    headers: Any = message.headers() or []
    return str(dict(headers)[names.ORIGIN_HEADER].decode())
