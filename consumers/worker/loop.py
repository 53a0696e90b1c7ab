"""The annotating worker's main loop: poll, batch, hand over to the pipeline, commit what comes out of it.

Everything that talks to Kafka happens on this one thread: a rebalance is told in the middle of a poll, and so
never in the middle of a transaction.
"""

from __future__ import annotations

import time
from datetime import UTC, datetime
from importlib import metadata
from typing import TYPE_CHECKING

import structlog
from confluent_kafka import Consumer, KafkaException, Producer

from consumers.health import Part
from consumers.metrics import TransactionEnd
from consumers.names import REPLAY
from consumers.topics import TopicChooser
from consumers.worker.assignment import Assignment
from consumers.worker.batch import Dead, Filling
from consumers.worker.batch_size import BatchSize
from consumers.worker.breaker import Breaker
from consumers.worker.clients import consumer_options, producer_options
from consumers.worker.committing import Committer, Identity, Limits
from consumers.worker.intake import Intake
from consumers.worker.pipeline import Pipeline
from consumers.worker.quarantine import Quarantine
from consumers.worker.transaction import TransactionAbortedError, Transactions
from consumers.worker.unread import unread_partitions
from schemas.errors import DeadReason

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from confluent_kafka import TopicPartition

    from consumers.health import Health
    from consumers.metrics import Metrics
    from consumers.settings import Settings
    from consumers.worker.batch import Decoded, Outcome, Record

log = structlog.get_logger()

#: Longest wait in one poll [s]: it delays commits, signals and the filling batch's deadline.
POLL_SECONDS = 0.05
#: How long a full worker waits for itself before it pauses the input and polls on [s]. Kafka bears a silence of
#: max.poll.interval.ms; a paused input has to be fetched anew, and flows again after one second only.
PATIENCE_SECONDS = 5.0
#: Between two looks at which topics there are [s].
TOPICS_SECONDS = 30.0
#: Waits after transactions aborted one after the other [s]; after the last one the worker gives up.
ABORT_BACKOFF = (0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 5.0, 5.0, 5.0, 5.0)


class Worker:
    """One annotating worker.

    Parameters
    ----------
    settings : Settings
    decode, annotate : callable
        The two steps of its `Pipeline`.
    health : Health
    metrics : Metrics
    clock, monotonic : callable, optional
        The time, with its zone; and seconds from any fixed moment, never set back.
    """

    def __init__(
        self,
        settings: Settings,
        decode: Callable[[Record], Decoded],
        annotate: Callable[[Sequence[Decoded]], list[Outcome]],
        health: Health,
        metrics: Metrics,
        *,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        config = settings.worker
        depth = config.queue_batches + 2  # and one in either thread
        self._consumer = Consumer(consumer_options(settings))
        options = producer_options(settings)
        self._transactions = Transactions(
            Producer(options), self._consumer.consumer_group_metadata, self._wait, str(options["transactional.id"])
        )
        self._kafka = settings.kafka
        self._topics = TopicChooser(settings.input.surveys, self._consumer, clock)
        self._filling = Filling(config.batch_size, config.transaction_bytes, config.batch_deadline_s, monotonic)
        self._size = BatchSize(config.batch_size)
        self._pipeline = Pipeline(decode, annotate, depth, metrics, self._size.measured)
        self._assignment = Assignment(self._consumer, self._wait)
        self._intake = Intake(self._consumer, self._assignment, settings.kafka.group, clock, metrics)
        self._quarantine = Quarantine(self._assignment.write, (depth + 1) * config.batch_size)
        self._breaker = Breaker(config.dead_limit_ratio, config.dead_limit_window, config.dead_limit_window // 2)
        self._committer = Committer(
            self._transactions,
            self._assignment,
            self._quarantine,
            identity=Identity(config.name, metadata.version("sosia-broker")),
            limits=Limits(config.transaction_bytes, config.transaction_s),
            clock=clock,
            monotonic=monotonic,
            metrics=metrics,
        )
        self._health = health
        self._metrics = metrics
        self._monotonic = monotonic
        self._stopping = False
        self._tripped = False
        self._aborts = 0
        self._subscribed: list[str] = []
        self._next_look = self._last_poll = monotonic()

    def stop(self) -> None:
        """Finish what is in flight and end; may be called from a signal handler."""
        self._stopping = True

    def run(self) -> None:
        """Work until told to stop.

        Raises
        ------
        confluent_kafka.KafkaException
            A fatal error, such as another worker of the same name.
        TransactionAbortedError
            Transactions were aborted again and again, with no progress between.
        """
        try:
            self._transactions.initialise()
            while not self._stopping:
                self._look_around()
                self._receive()
                self._commit_finished()
            self._finish()
        finally:
            self._pipeline.close()
        self._quarantine.leave()
        self._consumer.close()

    def _look_around(self) -> None:
        """Tell how things stand, and from time to time look which topics there are."""
        self._health.beat()
        silent = "the schema source does not answer; the input is paused until it does"
        self._health.report(Part.SCHEMAS, silent if self._pipeline.source_down else None)
        if self._monotonic() < self._next_look:
            return
        self._next_look = self._monotonic() + TOPICS_SECONDS
        self._metrics.lag(self._assignment.lag())
        try:
            subscription = self._topics.current()
        except KafkaException as error:
            log.warning("topics not listed; the old ones are read on", error=str(error.args[0]))
            return
        topics = [*subscription.topics, REPLAY]
        if topics != self._subscribed:
            log.info("reading", topics=subscription.topics, missing=sorted(subscription.missing))
            self._committer.surveys = subscription.surveys
            self._join(topics)
        elif unread := unread_partitions(self._kafka.client_config(), self._kafka.group, topics):
            log.warning(
                "joining anew: nobody reads", partitions=sorted(f"{topic}/{number}" for topic, number in unread)
            )
            self._join(topics)

    def _join(self, topics: list[str]) -> None:
        """Have the partitions of these topics assigned."""
        self._finish()
        self._consumer.subscribe(topics, on_assign=self._on_assign, on_revoke=self._on_revoke, on_lost=self._on_lost)
        self._subscribed = topics

    def _receive(self) -> None:
        """Hand the batch over once it is due, and poll for what the next one has room for."""
        self._hand_over()
        waited = self._monotonic() - self._last_poll
        if self._busy and not self._intake.paused and waited < PATIENCE_SECONDS:
            self._pipeline.wait(POLL_SECONDS)
        else:
            self._intake.flow(
                paused=self._tripped or self._busy or (self._intake.paused and not self._pipeline.half_empty)
            )
            self._poll(1 if self._quarantine.active else max(self._filling.room, 1))

    @property
    def _busy(self) -> bool:
        """Whether there is no room for more records."""
        if self._quarantine.active:
            return len(self._filling) > 0 or not self._pipeline.empty
        return self._filling.room == 0

    def _poll(self, most: int) -> None:
        self._last_poll = self._monotonic()
        records, ended = self._intake.poll(most, POLL_SECONDS)
        for record in records:
            self._filling.add(record)
        for partition in ended:
            self._quarantine.exhausted(partition, self._filling.waiting(partition))

    def _hand_over(self) -> None:
        """Pass the batch on where it is due; in quarantine, one packet after the other."""
        if not self._quarantine.active:
            if self._filling.due and not self._pipeline.full:
                self._pipeline.submit(self._filling.take())
                self._filling.most_records = self._size.records
        elif self._pipeline.empty and len(self._filling):
            (record,) = self._filling.take(1)
            if self._quarantine.condemned(record):
                self._commit([Dead(record, DeadReason.KILLED_THE_WORKER, "workers died while it was alone in them")])
            else:
                self._quarantine.probe(record)
                self._pipeline.submit([record])

    def _commit_finished(self) -> None:
        while (outcomes := self._pipeline.finished()) is not None:
            if self._quarantine.active:
                self._quarantine.survived(outcomes[0].record)
            self._commit(outcomes)

    def _commit(self, outcomes: list[Outcome]) -> None:
        if self._breaker.trips(outcomes):
            self._trip()
            return
        try:
            self._committer.commit(outcomes)
        except TransactionAbortedError:
            self._metrics.transaction(TransactionEnd.ABORTED)
            if self._aborts == len(ABORT_BACKOFF):
                raise
            self._wait(ABORT_BACKOFF[self._aborts])
            self._aborts += 1
            self._rewind()
        else:
            self._aborts = 0

    def _trip(self) -> None:
        """Stop consuming but stay, so that an operator finds a worker that says what is wrong."""
        problem = "nearly all records are unreadable: wrong topic, survey or schema source? Mend it and restart"
        log.error(problem)
        self._health.report(Part.WORKER, problem)
        self._tripped = True
        self._forget()

    def _finish(self) -> None:
        """Commit what was received, and receive nothing more meanwhile."""
        while len(self._filling) or not self._pipeline.empty:
            self._health.beat()
            if self._pipeline.source_down or self._quarantine.active:  # it could take for ever
                self._rewind()
                break
            if len(self._filling) and not self._pipeline.full:
                self._pipeline.submit(self._filling.take())
            self._intake.flow(paused=True)
            self._poll(1)
            self._commit_finished()

    def _forget(self) -> None:
        """Drop everything in flight: it is not committed, and whoever has the partitions will receive it again."""
        self._filling.take()
        self._pipeline.drop()

    def _rewind(self) -> None:
        """Drop everything in flight, and go back to the last commit."""
        self._forget()
        self._assignment.seek()

    def _on_assign(self, _: Consumer, partitions: list[TopicPartition]) -> None:
        log.info("assigned", partitions=[f"{one.topic}/{one.partition}" for one in partitions])
        if not self._assignment.revocations:  # it may be what a static member before had
            self._next_look = self._monotonic()
        self._quarantine.arrive(self._assignment.begin(partitions))
        self._health.report(Part.PARTITIONS, None if partitions else "none assigned: more workers than partitions")

    def _on_revoke(self, _: Consumer, partitions: list[TopicPartition]) -> None:
        log.info("revoked", partitions=len(partitions))
        self._forget()
        self._quarantine.leave()
        self._assignment.end()
        self._health.report(Part.PARTITIONS, "none assigned yet")

    def _on_lost(self, _: Consumer, partitions: list[TopicPartition]) -> None:
        log.warning("lost", partitions=len(partitions))
        self._forget()
        self._assignment.end()
        self._health.report(Part.PARTITIONS, "lost to another worker")

    def _wait(self, seconds: float) -> None:
        """Wait for Kafka, alive."""
        self._health.beat()
        time.sleep(seconds)
