"""A subscriber: annotations as they come, from a time, or the last ones."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from confluent_kafka import KafkaError, KafkaException, Message, TopicPartition

from consumers.bounded_read import Span, read, reader, since, whole
from schemas.errors import DeadReason, UnreadableError
from schemas.framing import Unframer, unpack
from schemas.source import SchemaSource
from schemas.writer import ANNOTATION_FIELD

#: The longest a follower waits before it looks whether it is to stop [s].
POLL_S = 0.5


@dataclass(frozen=True, slots=True)
class Received:
    """One annotation of a topic, under its Avro field names; or why the record holds none."""

    topic: str
    partition: int
    offset: int
    annotation: dict[str, Any] | None
    error: str | None = None


class AnnotationReader:
    """Reads annotations off either kind of output topic.

    Parameters
    ----------
    source : SchemaSource, optional
        Where the schemas of full packets in wire format come from; the scores topics need none.
    """

    def __init__(self, source: SchemaSource | None = None) -> None:
        self._unframer = Unframer(source)

    def read(self, topic: str, payload: bytes) -> dict[str, Any]:
        """Return the annotation of one record.

        Raises
        ------
        UnreadableError
            It holds none.
        SchemaSourceDownError
            The schema source does not answer.
        """
        if topic.endswith(".scores.v1"):
            return unpack("annotation", payload)
        framed = self._unframer.unframe(payload)
        if framed.schema.name == "sosia.Annotation":
            return unpack("annotation", payload)
        annotation = framed.schema.decode(framed.body, framed.schema.spans(framed.body), ANNOTATION_FIELD)
        if annotation is None:
            raise UnreadableError(DeadReason.SURVEY_MISMATCH, f"a {framed.schema.name} without an annotation")
        return dict(annotation)


def subscribe(
    config: Mapping[str, str],
    topic: str,
    *,
    last: int | None = None,
    start: float | None = None,
    follow: bool = False,
    source: SchemaSource | None = None,
    stop: Callable[[], bool] = lambda: False,
) -> Iterator[Received]:
    """Yield the annotations of a topic that are committed.

    Parameters
    ----------
    config : mapping of str to str
        Options of the client, from `KafkaSettings.client_config`.
    topic : str
        An annotated or a scores topic.
    last : int, optional
        Begin with the last so many, by their time.
    start : float, optional
        Begin with the first one of this time [s since 1970, UTC] or later. Without it and without ``last``,
        with the oldest there is.
    follow : bool, optional
        Go on with those that come, until ``stop``.
    source : SchemaSource, optional
        See `AnnotationReader`.
    stop : callable, optional
        Asked now and then while following.

    Raises
    ------
    ConfigurationError
        There is no such topic.
    """
    annotations = AnnotationReader(source)
    spans = whole(config, [topic])
    ends = {(span.topic, span.partition): span.end for span in spans}
    if start is not None:
        spans = since(config, spans, start)
    for message in _last(config, spans, last) if last is not None else read(config, spans):
        # Transaction markers bear the time of their writing, so a span may begin at one, before older records.
        if start is None or message.timestamp()[1] >= start * 1000:
            yield _received(annotations, message)
    if follow:
        for message in _following(config, ends, stop):
            yield _received(annotations, message)


def _last(config: Mapping[str, str], spans: list[Span], count: int) -> list[Message]:
    """Return the newest records by their time, oldest first; holds so many of each partition in memory."""
    newest: list[Message] = []
    for span in spans:
        back = 2 * count  # aborted records and transaction markers take offsets too
        while True:
            start = max(span.start, span.end - back)
            kept = deque(read(config, [Span(span.topic, span.partition, start, span.end)]), maxlen=count)
            if len(kept) == count or start == span.start:
                break
            back *= 4
        newest += kept
    newest.sort(key=lambda message: message.timestamp()[1])
    return newest[-count:] if count else []


def _following(
    config: Mapping[str, str], ends: Mapping[tuple[str, int], int], stop: Callable[[], bool]
) -> Iterator[Message]:
    consumer = reader(config)
    try:
        consumer.assign([TopicPartition(topic, partition, end) for (topic, partition), end in ends.items()])
        while not stop():
            message = consumer.poll(POLL_S)
            error = None if message is None else message.error()
            if error is not None and error.code() != KafkaError._PARTITION_EOF and not error.retriable():  # noqa: SLF001
                raise KafkaException(error)
            if message is not None and error is None:
                yield message
    finally:
        consumer.close()


def _received(annotations: AnnotationReader, message: Message) -> Received:
    topic, partition, offset = message.topic() or "", message.partition(), message.offset()
    assert partition is not None  # every consumed message has both
    assert offset is not None
    try:
        return Received(topic, partition, offset, annotations.read(topic, message.value() or b""))
    except UnreadableError as error:
        return Received(topic, partition, offset, None, str(error))
