"""The partitions that Kafka assigned to this worker, and the position in each up to which everything is committed."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import structlog
from confluent_kafka import KafkaException, TopicPartition

from consumers.moved import ask

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from confluent_kafka import Consumer

    from consumers.worker.batch import Partition

log = structlog.get_logger()

#: Longest wait for the group's coordinator [s]: another worker's open transaction keeps its offsets
#: unreadable until it is committed, aborted, or has timed out.
CALL_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class Found:
    """What was found at a partition's committed offset: its metadata, and how many records wait after it at most."""

    metadata: str | None
    waiting: int


class Assignment:
    """Begins reading where the last commit ended, and keeps account of it.

    Parameters
    ----------
    consumer : confluent_kafka.Consumer
    wait : callable
        Waits some seconds before the cluster is asked again.

    Attributes
    ----------
    positions : dict of partition to int
        The offset after the last committed one; a partition never committed begins at its oldest record.
    revocations : int
        How often all the partitions were taken away.
    """

    def __init__(self, consumer: Consumer, wait: Callable[[float], object]) -> None:
        self._consumer = consumer
        self._wait = wait
        self._paused = False
        self.positions: dict[Partition, int] = {}
        self.revocations = 0

    @property
    def paused(self) -> bool:
        """Whether the input is paused."""
        return self._paused

    def begin(self, partitions: Sequence[TopicPartition]) -> dict[Partition, Found]:
        """Read the partitions from their committed offsets on; they replace all earlier ones."""
        committed: list[TopicPartition] = []
        if partitions:
            committed = ask(lambda: self._consumer.committed(list(partitions), timeout=CALL_SECONDS), self._wait)
        found: dict[Partition, Found] = {}
        self.positions = {}
        for one in committed:
            if one.error is not None:
                raise KafkaException(one.error)
            ends = partial(self._consumer.get_watermark_offsets, one, timeout=CALL_SECONDS)
            oldest, newest = ask(ends, self._wait)
            position = _position(one, oldest, newest)
            self.positions[one.topic, one.partition] = position
            found[one.topic, one.partition] = Found(one.metadata, newest - position)
        self.assign()
        return found

    def assign(self) -> None:
        """Read all partitions from their positions on; whatever was fetched before is discarded."""
        self._consumer.assign(self.offsets({}))
        self._paused = False

    def seek(self) -> None:
        """Go back to the positions: what was received since is not committed, and will come again."""
        for one in self.offsets({}):
            self._consumer.seek(one)

    def end(self) -> None:
        """Forget the partitions: they were revoked."""
        self.positions = {}
        self.revocations += 1
        self._paused = False

    def offsets(self, metadata: Mapping[Partition, str]) -> list[TopicPartition]:
        """Return the positions as Kafka's client wants them, with some metadata."""
        return [
            TopicPartition(topic, partition, position, metadata=metadata.get((topic, partition), ""))
            for (topic, partition), position in self.positions.items()
        ]

    def write(self, metadata: Mapping[Partition, str]) -> None:
        """Commit metadata at the present positions, outside of any transaction.

        They help to find a deadly packet and nothing else hangs on them, so that a refusal, such as in
        mid-rebalance, is only logged.
        """
        offsets = [one for one in self.offsets(metadata) if (one.topic, one.partition) in metadata]
        if not offsets:
            return
        try:
            self._consumer.commit(offsets=offsets, asynchronous=False)
        except KafkaException as error:
            if error.args[0].fatal():
                raise
            log.warning("marks not written", error=str(error.args[0]))

    def pause(self, *, paused: bool) -> None:
        """Pause or resume the input; polling goes on, or Kafka would take the partitions away."""
        if paused != self._paused and self.positions:
            partitions = [TopicPartition(*partition) for partition in self.positions]
            if paused:
                self._consumer.pause(partitions)
            else:
                self._consumer.resume(partitions)
            self._paused = paused

    def lag(self) -> dict[Partition, int]:
        """Return the records between the position and the end of each partition, as last heard from Kafka."""
        lags = {}
        for (topic, partition), position in self.positions.items():
            _, newest = self._consumer.get_watermark_offsets(TopicPartition(topic, partition), cached=True)
            if newest >= 0:
                lags[topic, partition] = max(newest - position, 0)
        return lags


def _position(committed: TopicPartition, oldest: int, newest: int) -> int:
    if oldest <= committed.offset <= newest:
        return int(committed.offset)
    if committed.offset >= 0:
        log.error(
            "records expired before they were read, or the topic was made anew",
            topic=committed.topic,
            partition=committed.partition,
            committed=committed.offset,
            oldest=oldest,
        )
    return oldest
