"""Reads partitions from one offset to another, as a `read_committed` subscriber without a consumer group."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial

from confluent_kafka import OFFSET_END, Consumer, KafkaError, KafkaException, Message, TopicPartition

from consumers.moved import ask
from consumers.rights import ANSWER_S, no_topic, told
from schemas.errors import ConfigurationError, SosiaError

#: Seconds that the cluster may take to answer a question.
TIMEOUT_S = ANSWER_S
#: Seconds without any progress after which a read is given up; an abandoned transaction ends earlier.
STALLED_S = 120.0
#: librdkafka wants a group of every consumer, and looks for its coordinator. Nothing is ever committed under this one,
#: so that nobody needs a right to it.
READER = "sosia-reader"


@dataclass(frozen=True, slots=True)
class Span:
    """A range of one partition: offsets from ``start`` up to, but without, ``end``."""

    topic: str
    partition: int
    start: int
    end: int


@contextmanager
def asking(config: Mapping[str, str]) -> Iterator[None]:
    """Turn the client's errors under ``with`` into one that names the cluster."""
    try:
        yield
    except KafkaException as error:
        raise SosiaError(
            f"the cluster {config['bootstrap.servers']}: {error.args[0].str()}; check the address, and that it runs"
        ) from error


def reader(
    config: Mapping[str, str], isolation: str = "read_committed", further: Mapping[str, str] | None = None
) -> Consumer:
    """Return a consumer that commits nothing and joins no group, and that tells where a partition ends.

    Parameters
    ----------
    config : mapping of str to str
        Options of the client, from `KafkaSettings.client_config`.
    isolation : str, optional
        ``read_uncommitted`` sees the records of open and aborted transactions too.
    further : mapping of str to str, optional
        Options of this reader's own.
    """
    ours = {
        "group.id": READER,
        "enable.auto.commit": "false",
        "enable.auto.offset.store": "false",
        "isolation.level": isolation,
        "enable.partition.eof": "true",
        "auto.offset.reset": "earliest",
        "allow.auto.create.topics": "false",
        "fetch.wait.max.ms": "100",
        "queued.max.messages.kbytes": "65536",
        "log_level": "0",  # what goes wrong is raised; librdkafka's own lines would run through the output
    }
    return Consumer({**config, **ours, **(further or {})})


def is_refused_group(message: Message) -> bool:
    """Tell whether a message to a reader is that it has no right to its group, which it does not need."""
    error = message.error()
    return error is not None and error.code() == KafkaError.GROUP_AUTHORIZATION_FAILED


def topics_of(config: Mapping[str, str]) -> set[str]:
    """Return the names of all topics of the cluster."""
    consumer = reader(config)
    try:
        with asking(config):
            return set(consumer.list_topics(timeout=TIMEOUT_S).topics)
    finally:
        consumer.close()


def whole(config: Mapping[str, str], topics: Iterable[str]) -> list[Span]:
    """Return what the partitions of some topics hold now, records of open transactions included.

    Raises
    ------
    ConfigurationError
        There is no such topic.
    """
    consumer = reader(config, "read_uncommitted")  # for the others a partition ends where a transaction is open
    try:
        with asking(config):
            existing = consumer.list_topics(timeout=TIMEOUT_S).topics
            spans = []
            for topic in topics:
                if topic not in existing:
                    raise ConfigurationError(no_topic(config, topic))
                for number in sorted(existing[topic].partitions):
                    place = TopicPartition(topic, number)
                    start, end = ask(partial(consumer.get_watermark_offsets, place, timeout=TIMEOUT_S))
                    spans.append(Span(topic, number, start, end))
            return spans
    finally:
        consumer.close()


def since(config: Mapping[str, str], spans: Iterable[Span], timestamp: float) -> list[Span]:
    """Shorten spans to the records of a time and later.

    Parameters
    ----------
    timestamp : float
        Seconds since 1970, UTC.

    Raises
    ------
    SosiaError
        The cluster does not answer.
    """
    spans = list(spans)
    consumer = reader(config)
    try:
        with asking(config):
            places = offsets_at(consumer, [(span.topic, span.partition) for span in spans], timestamp)
        found = {(one.topic, one.partition): one.offset for one in places}
    finally:
        consumer.close()
    shortened = []
    for span in spans:
        offset = found[span.topic, span.partition]
        # Without any such record the answer is the end, as a negative number.
        start = span.end if offset < 0 or offset == OFFSET_END else max(offset, span.start)
        shortened.append(Span(span.topic, span.partition, start, span.end))
    return shortened


def offsets_at(consumer: Consumer, partitions: Iterable[tuple[str, int]], timestamp: float) -> list[TopicPartition]:
    """Ask from where on partitions hold records of a time and later; negative where they hold none.

    Parameters
    ----------
    timestamp : float
        Seconds since 1970, UTC; an earlier time, of which Kafka has no notion, asks for all.

    Raises
    ------
    confluent_kafka.KafkaException
        The cluster does not answer, or not of each of them.
    """
    wanted = [TopicPartition(topic, number, max(int(timestamp * 1000), 0)) for topic, number in partitions]

    def question() -> list[TopicPartition]:
        found = consumer.offsets_for_times(wanted, TIMEOUT_S)
        for one in found:
            if one.error is not None:
                raise KafkaException(one.error)
        return found

    return ask(question)


def read(
    config: Mapping[str, str], spans: Iterable[Span], clock: Callable[[], float] = time.monotonic
) -> Iterator[Message]:
    """Yield the committed records of some spans, in order within each partition.

    An open transaction below a span's end is waited for: what follows it is not readable before it ends.

    Raises
    ------
    SosiaError
        A partition does not move on, or the cluster refuses.
    """
    spans = [span for span in spans if span.start < span.end]
    ends = {(span.topic, span.partition): span.end for span in spans}
    consumer = reader(config)
    try:
        consumer.assign([TopicPartition(span.topic, span.partition, span.start) for span in spans])
        moved = clock()
        while ends:
            message = consumer.poll(0.5)
            if message is None or is_refused_group(message):
                if clock() - moved > STALLED_S:
                    raise SosiaError(f"nothing comes from {', '.join(f'{t}/{p}' for t, p in sorted(ends))}; try again")
                continue
            moved = clock()
            error = message.error()
            if error is not None and error.code() != KafkaError._PARTITION_EOF:  # noqa: SLF001  its public name
                raise SosiaError(f"the cluster {config['bootstrap.servers']}: {told(message)}")
            partition = _partition(message)
            end = ends.get(partition)
            offset = _offset(message)
            if end is None:
                continue
            if error is None:
                if offset < end:
                    yield message
                if offset + 1 >= end:
                    del ends[partition]
            elif offset >= end:  # transaction markers and aborted records may be the last offsets
                del ends[partition]
    finally:
        consumer.close()


def _partition(message: Message) -> tuple[str, int]:
    topic, partition = message.topic(), message.partition()
    assert topic is not None  # every consumed message has both
    assert partition is not None
    return topic, partition


def _offset(message: Message) -> int:
    offset = message.offset()
    assert offset is not None  # every consumed message has one
    return offset
