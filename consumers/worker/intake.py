"""The input side of a worker: which topics are subscribed to, and what a poll brings."""

from __future__ import annotations

from typing import TYPE_CHECKING

import structlog
from confluent_kafka import KafkaError, KafkaException

from consumers.names import REPLAY
from consumers.rights import told
from consumers.worker.batch import Record
from schemas.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from confluent_kafka import Consumer, Message

    from consumers.metrics import Metrics
    from consumers.worker.assignment import Assignment
    from consumers.worker.batch import Partition

log = structlog.get_logger()


class Intake:
    """Polls.

    Parameters
    ----------
    consumer : confluent_kafka.Consumer
    assignment : Assignment
    group : str
        The consumer's.
    clock : callable
        The time, with its zone.
    metrics : Metrics
    """

    def __init__(
        self, consumer: Consumer, assignment: Assignment, group: str, clock: Callable[[], datetime], metrics: Metrics
    ) -> None:
        self._consumer = consumer
        self._group = group
        self._assignment = assignment
        self._clock = clock
        self._metrics = metrics

    @property
    def paused(self) -> bool:
        """Whether the input is paused."""
        return self._assignment.paused

    def flow(self, *, paused: bool) -> None:
        """Pause or resume the input; polling has to go on, or Kafka takes the partitions away."""
        before = self._assignment.paused
        self._assignment.pause(paused=paused)
        if self._assignment.paused and not before:
            self._metrics.pause()
        elif before and not self._assignment.paused:
            self._metrics.resume()

    def poll(self, most: int, seconds: float) -> tuple[list[Record], list[Partition]]:
        """Poll once; rebalances are told meanwhile.

        Parameters
        ----------
        most : int
            Records to receive at most.
        seconds : float
            Longest wait for them.

        Returns
        -------
        records : list of Record
        ended : list of partition
            Partitions that have no more records now.

        Raises
        ------
        confluent_kafka.KafkaException
            A fatal error: another worker has this one's name.
        ConfigurationError
            The cluster does not let this user into the group.
        """
        revocations = self._assignment.revocations
        messages = self._consumer.consume(most, seconds)
        records, ended = [], []
        for message in messages:
            error = message.error()
            if error is None:
                records.append(Record.of(message, self._clock()))
            elif error.code() == KafkaError._PARTITION_EOF:  # noqa: SLF001  so the client names its codes
                ended.append((message.topic() or "", message.partition() or 0))
            else:
                self._check(message, error)
        if self._assignment.revocations != revocations:
            # Some may be from before the rebalance, and lie beyond what was dropped in it: receive all of them anew.
            if messages and self._assignment.positions:
                self._assignment.assign()
            return [], []
        return records, ended

    def _check(self, message: Message, error: KafkaError) -> None:
        if error.fatal() or error.code() == KafkaError._FATAL:  # noqa: SLF001  so the client names its codes
            raise KafkaException(error)
        if error.code() == KafkaError.GROUP_AUTHORIZATION_FAILED:
            raise ConfigurationError(told(message, self._group))
        if message.topic() != REPLAY:  # which need not exist
            log.warning("kafka", topic=message.topic(), error=told(message, self._group))
