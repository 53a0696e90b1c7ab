"""Records of topics for a subscriber without a consumer group: all, the last ones or from a time, and those to come."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence

from confluent_kafka import KafkaError, Message, TopicPartition

from consumers.bounded_read import Span, is_refused_group, read, reader, since, whole
from consumers.rights import REFUSALS, told
from schemas.errors import SosiaError

#: The longest a follower waits before it looks whether it is to stop [s].
POLL_S = 0.5


def messages(
    config: Mapping[str, str],
    topics: Sequence[str],
    *,
    last: int | None,
    start: float | None,
    follow: bool,
    stop: Callable[[], bool],
) -> Generator[Message, None, None]:
    """Yield the committed records of some topics.

    Parameters
    ----------
    config : mapping of str to str
        Options of the client.
    topics : sequence of str
    last : int or None
        Begin with the last so many of all, by their time.
    start : float or None
        Begin with the first ones of this time [s since 1970, UTC] or later. Without it and without ``last``,
        with the oldest there are.
    follow : bool
        Go on with those that come, until ``stop``.
    stop : callable
        Asked now and then while following.

    Raises
    ------
    ConfigurationError
        There is no such topic.
    """
    spans = whole(config, topics)
    ends = {(span.topic, span.partition): span.end for span in spans}
    if start is not None:
        spans = since(config, spans, start)
    for message in _last(config, spans, last) if last is not None else read(config, spans):
        # Transaction markers bear the time of their writing, so a span may begin at one, before older records.
        if start is None or message.timestamp()[1] >= start * 1000:
            yield message
    if follow:
        yield from _following(config, ends, stop)


def raise_error(message: Message, group: str | None = None) -> bool:
    """Tell whether a message is a record; raises where it is an error that does not pass by itself.

    Parameters
    ----------
    message : Message
    group : str, optional
        Of a member; a reader commits nothing, and needs no right to its group.
    """
    error = message.error()
    if error is None:
        return True
    if group is None and is_refused_group(message):
        return False
    passes = error.code() == KafkaError._PARTITION_EOF or error.retriable()  # noqa: SLF001  the client's public name
    if error.code() in REFUSALS or not passes:
        raise SosiaError(told(message, group))
    return False


def _last(config: Mapping[str, str], spans: list[Span], count: int) -> list[Message]:
    """Return the newest records by their time, oldest first; holds at most twice as many in memory."""
    newest: list[Message] = []
    if not count:
        return newest
    for span in spans:
        back = 2 * count  # aborted records and transaction markers take offsets too
        while True:
            start = max(span.start, span.end - back)
            kept = deque(read(config, [Span(span.topic, span.partition, start, span.end)]), maxlen=count)
            if len(kept) == count or start == span.start:
                break
            back *= 4
        newest = sorted([*newest, *kept], key=lambda message: message.timestamp()[1])[-count:]
    return newest


def _following(
    config: Mapping[str, str], ends: Mapping[tuple[str, int], int], stop: Callable[[], bool]
) -> Iterator[Message]:
    consumer = reader(config)
    try:
        consumer.assign([TopicPartition(topic, partition, end) for (topic, partition), end in ends.items()])
        while not stop():
            message = consumer.poll(POLL_S)
            if message is not None and raise_error(message):
                yield message
    finally:
        consumer.close()
