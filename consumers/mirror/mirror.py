"""Brings a foreign cluster's records in: bytes, key, headers and time as they are, each exactly once and in order.

Kafka's transactions end at a cluster's border, so the source cannot be told how far one is. Our own cluster is: the
position goes there in the same transaction as the records. A mirror that starts first fences the one before it,
by the transactional id, which ends what that one left open; only then are the positions what they will stay.
"""

from __future__ import annotations

import time
from functools import partial
from typing import TYPE_CHECKING

import structlog
from confluent_kafka import Consumer, KafkaError, KafkaException, Producer, TopicPartition
from confluent_kafka.admin import AdminClient

from consumers.bounded_read import TIMEOUT_S, asking, is_refused_group, reader
from consumers.mirror.positions import Positions
from consumers.moved import ask
from consumers.names import POSITIONS
from consumers.rights import require, told
from consumers.topic_creation import create_topic
from consumers.topics import TopicChooser
from consumers.worker.batch import Output, Record
from consumers.worker.clients import OUTPUT_MARGIN
from consumers.worker.transaction import TransactionAbortedError, Transactions
from schemas.errors import ConfigurationError, SosiaError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import datetime

    from consumers.settings import Settings
    from consumers.worker.batch import Partition

log = structlog.get_logger()

#: Records polled for at once, and the longest wait for them [s].
MOST_RECORDS, POLL_S = 500, 0.25
#: What one transaction may span [bytes]: its open records hold up the workers.
MOST_BYTES = 16_000_000
#: Between two looks at which topics there are [s].
TOPICS_S = 30.0
#: Waits after transactions aborted one after the other [s]; after the last one the mirror gives up.
ABORT_BACKOFF = (0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 5.0, 5.0, 5.0, 5.0)


class Mirror:
    """One source's mirror.

    Parameters
    ----------
    settings : Settings
        Its sections ``kafka`` and ``mirror``.
    clock : callable
        The time, with its zone.

    Attributes
    ----------
    mirrored, without_headers : int
        Records brought in, and those among them whose headers stayed behind, since the client cannot read them.

    Raises
    ------
    ConfigurationError
        No source or no topics are configured, or what is named is no topic.
    """

    def __init__(self, settings: Settings, clock: Callable[[], datetime]) -> None:
        mirror = settings.mirror
        if mirror.source is None:
            raise ConfigurationError("mirror.source: is missing; name the foreign cluster, as host:port")
        inputs = mirror.inputs()
        self._name = mirror.name
        self._config = settings.kafka.client_config()
        self._largest = str(settings.kafka.message_bytes + OUTPUT_MARGIN)
        self._clock = clock
        self._source_config = mirror.client_config()
        self._source: Consumer = reader({"reconnect.backoff.max.ms": "1000", **self._source_config})
        self._topics = TopicChooser([inputs], self._source, clock)
        self._admin = AdminClient({**self._config, "log_level": "0"})
        transactional_id = f"sosia-mirror-{self._name}"
        producer = Producer(
            {
                "compression.type": "zstd",
                "linger.ms": "5",
                "retry.backoff.ms": "10",
                "transaction.timeout.ms": "10000",
                "message.timeout.ms": "8000",
                "reconnect.backoff.max.ms": "1000",
                **settings.kafka.producer_config(),
                "message.max.bytes": self._largest,
                "transactional.id": transactional_id,
                "log_level": "0",
            }
        )
        self._transactions = Transactions(producer, lambda: None, time.sleep, transactional_id)
        self._positions: dict[Partition, int] = {}
        self._stopping = False
        self.mirrored = self.without_headers = 0

    def stop(self) -> None:
        """Finish the transaction at hand and end; may be called from a signal handler."""
        self._stopping = True

    def run(self) -> None:
        """Bring records in until told to stop.

        Raises
        ------
        ConfigurationError
            A right is missing, at either cluster.
        SosiaError
            A fatal error of either cluster's, such as another mirror of the same name; or one does not answer at the
            start.
        """
        try:
            self._ensure_topics({POSITIONS: 1}, {"cleanup.policy": "compact"})
            self._transactions.initialise()
            known = Positions(self._config, self._name)
            next_look, aborts = 0.0, 0
            while not self._stopping:
                if time.monotonic() >= next_look:
                    self._look_again(known)
                    next_look = time.monotonic() + TOPICS_S
                records = self._poll()
                try:
                    while records:
                        done = self._commit_some(records, known)
                        records, aborts = records[done:], 0
                except TransactionAbortedError:
                    if aborts == len(ABORT_BACKOFF):
                        raise
                    time.sleep(ABORT_BACKOFF[aborts])
                    aborts += 1
                    self._assign()
            log.info("stopped", mirrored=self.mirrored, without_headers=self.without_headers)
        except KafkaException as error:
            raise SosiaError(f"Kafka: {error.args[0].str()}; nothing is lost, start the mirror again") from error
        finally:
            self._source.close()

    def _look_again(self, known: Positions) -> None:
        """Look around; where a cluster is away for a while, go on with what there is, and look next time."""
        try:
            self._look_around(known)
        except ConfigurationError:
            raise
        except (SosiaError, KafkaException) as error:
            if not self._positions:  # it never began: its settings may be wrong
                raise
            log.warning("not looked for new topics", error=str(error))

    def _look_around(self, known: Positions) -> None:
        """Look which topics there are to bring in, and go on with those that are new where they were left."""
        with asking(self._source_config):
            chosen = self._topics.current()
            topics = chosen.topics
            # What is missing may come tonight, or is there and hidden from this user.
            require(self._source_config, read=[*topics, *chosen.missing])
            listed = self._source.list_topics(timeout=TIMEOUT_S).topics
        partitions = {topic: len(listed[topic].partitions) for topic in topics if listed[topic].partitions}
        wanted = {(topic, number) for topic, count in partitions.items() for number in range(count)}
        if wanted == self._positions.keys():
            return
        self._ensure_topics(partitions, {"max.message.bytes": self._largest})
        new = {one: self._start(one, known.of(one)) for one in sorted(wanted - self._positions.keys())}
        self._positions = {one: at for one, at in (self._positions | new).items() if one in wanted}
        log.info("mirroring", topics=sorted(partitions), source=self._name)
        self._assign()

    def _start(self, partition: Partition, position: int | None) -> int:
        oldest, newest = ask(partial(self._source.get_watermark_offsets, TopicPartition(*partition), timeout=TIMEOUT_S))
        if position is None or oldest <= position <= newest:
            return int(oldest if position is None else position)
        log.error(
            "records expired before they were mirrored, or the topic was made anew",
            topic=partition[0], partition=partition[1], position=position, oldest=oldest, newest=newest,
        )  # fmt: skip
        return int(oldest)

    def _assign(self) -> None:
        self._source.assign([TopicPartition(*partition, offset) for partition, offset in self._positions.items()])

    def _poll(self) -> list[Record]:
        records = []
        for message in self._source.consume(MOST_RECORDS, POLL_S):
            error = message.error()
            if error is None:
                records.append(Record.of(message, self._clock()))
            elif error.fatal():
                raise KafkaException(error)
            elif error.code() == KafkaError.TOPIC_AUTHORIZATION_FAILED:
                raise ConfigurationError(f"the cluster {self._source_config['bootstrap.servers']}: {told(message)}")
            elif error.code() != KafkaError._PARTITION_EOF and not is_refused_group(message):  # noqa: SLF001  its name
                log.warning("kafka", topic=message.topic(), error=str(error))
        return records

    def _commit_some(self, records: Sequence[Record], known: Positions) -> int:
        """Commit as many of the records as one transaction may span, with the positions after them."""
        moved: dict[Partition, int] = {}
        size = done = 0
        self._transactions.begin()
        for record in records:
            if done and size + record.size > MOST_BYTES:
                break
            self._transactions.produce(_output(record))
            moved[record.source] = record.offset + 1
            size, done = size + record.size, done + 1
        for partition, offset in moved.items():
            self._transactions.produce(known.output(partition, offset))
        self._transactions.commit()
        known.moved(moved)
        self._positions |= moved
        self.mirrored += done
        self._tell_unread([record for record in records[:done] if record.unread_headers])
        return done

    def _tell_unread(self, records: Sequence[Record]) -> None:
        """Count and tell the records of one transaction that lack their headers here."""
        if records:
            self.without_headers += len(records)
            log.warning(
                "records mirrored without their headers: a name among them is not UTF-8, and the client cannot read it",
                records=len(records), first="{0.topic}/{0.partition}/{0.offset}".format(records[0]),
                since_the_start=self.without_headers,
            )  # fmt: skip

    def _ensure_topics(self, partitions: Mapping[str, int], config: Mapping[str, str]) -> None:
        """Create the topics that our cluster lacks, with as many partitions as the source has."""
        with asking(self._config):
            require(self._config, read={POSITIONS}, write={POSITIONS, *partitions})
            existing = self._admin.list_topics(timeout=TIMEOUT_S).topics
        for topic, count in partitions.items():
            if topic not in existing:
                create_topic(self._config, topic, count, config)
            elif len(existing[topic].partitions) < count:
                raise ConfigurationError(
                    f"topic {topic} has {count} partitions at {self._name}, and fewer here; add partitions here, so "
                    "that each one's order is kept"
                )


def _output(record: Record) -> Output:
    return Output(record.topic, record.key, record.value, record.headers, record.partition, record.timestamp)
