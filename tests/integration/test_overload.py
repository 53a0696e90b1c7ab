"""Ten times as many alerts as a worker can judge, and most of them late."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import numpy as np
from confluent_kafka.admin import AdminClient
from pydantic import SecretStr

from broker.annotator import Finding
from broker.classifiers.choosing import SHED, Classifiers
from broker.classifiers.contract import Sight, Verdict, View
from consumers import names
from consumers.worker.shedding import Shedding
from models.simulate.stream import simulate
from ops.local_kafka import LocalKafka
from schemas.errors import StampError, StampReason
from schemas.own import unpack
from tests.broker.annotations import annotation_of
from tests.integration.workers import WITHIN, Cluster, WorkerThread, wait_until

LATE, FRESH = 400, 300
BATCH, QUEUED = 8, 1
#: Kafka takes the partitions from a member that does not poll for so long [s]; a full worker polls every 5 s.
SILENCE_S = 12
#: Age of the late ones, and from which on they are shed [s]: beyond whatever this test may take.
AGO_S, SHED_ABOVE_S = 86400, 7200.0


class Network:
    """A class network that is too slow: for its first batch it takes longer than Kafka bears."""

    name, version = "lens", "1"

    def __init__(self) -> None:
        self._seconds = SILENCE_S + 1.0

    def view(self, sight: Sight) -> View:
        geometry: Any = None
        return View(np.zeros((3, 3), np.float32), "science", 1.0, geometry, sight)

    def look(self, views: Sequence[View]) -> list[Verdict]:
        time.sleep(self._seconds)
        self._seconds = 0.0
        return [Verdict(0.5) for _ in views]


class Annotator:
    """Nothing but that network; notes how many records are in the worker each time that it begins a batch."""

    def __init__(self) -> None:
        self.classifiers = Classifiers([Network()])
        self._received: list[datetime] = []
        self._begun: list[tuple[int, datetime]] = []

    def annotate(self, packets: Sequence[Any], received: Sequence[datetime]) -> list[Finding]:
        self._begun.append((len(self._received), datetime.now(UTC)))
        self._received += received
        none = StampError(StampReason.MISSING, "not needed")
        classified = self.classifiers.classify([Sight(packet, none, none) for packet in packets])
        return [
            Finding(replace(annotation_of(packet), classifications=one.classifications))
            for packet, one in zip(packets, classified, strict=True)
        ]

    def most_inside(self) -> int:
        """Records that were received and not yet annotated, at most."""
        return max(sum(one < now for one in self._received) - done for done, now in self._begun)


def members(cluster: Cluster) -> list[str]:
    """The ids of the group's members: who was thrown out comes back under another."""
    admin = AdminClient(cluster.config)  # held until the answer
    described = admin.describe_consumer_groups([cluster.name])[cluster.name].result(WITHIN)
    return [one.member_id for one in described.members]


def test_a_burst_is_shed_where_it_is_late_and_loses_neither_a_record_nor_the_membership(kafka: LocalKafka) -> None:
    cluster, annotator = Cluster(kafka), Annotator()
    packets = [alert.packet for alert in simulate("ztf", 5)]
    ago = int((time.time() - AGO_S) * 1000)
    cluster.produce([packets[number % len(packets)] for number in range(LATE)], timestamp=ago)
    cluster.produce([packets[number % len(packets)] for number in range(FRESH)])
    settings = cluster.settings(batch_size=BATCH, queue_batches=QUEUED)
    quick = settings.kafka.model_copy(update={"consumer": {"max.poll.interval.ms": SecretStr(str(SILENCE_S * 1000))}})
    worker = WorkerThread(
        settings.model_copy(update={"kafka": quick}),
        annotator=annotator,
        before=Shedding(annotator.classifiers, ["lens"], SHED_ABOVE_S).decide,
    )
    with worker:
        wait_until(lambda: members(cluster))
        (member,) = members(cluster)
        wait_until(lambda: len(cluster.read(names.scores("ztf"))) == LATE + FRESH)
        assert worker.metric("sosia_pauses_total") > 0
        assert members(cluster) == [member]
    assert worker.error is None
    assert annotator.most_inside() <= (QUEUED + 3) * BATCH
    assert cluster.origins(names.scores("ztf")) == cluster.inputs(LATE + FRESH)
    cluster.assert_balanced(LATE + FRESH)
    reasons = [
        unpack("annotation", message.value() or b"")["classifications"][0]["reason"]
        for message in cluster.read(names.scores("ztf"))
    ]
    shed = reasons.count(SHED)
    assert abs(shed - LATE) <= BATCH
    assert reasons.count(None) == LATE + FRESH - shed
    assert worker.metric("sosia_classified_total", survey="ztf", classifier="lens", outcome="shed") == shed
