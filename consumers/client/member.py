"""Records of topics for a member of a consumer group, which goes on where the group left off.

A record's offset is committed once the subscriber asked for the next one: what it was working on when it died is
read again (at least once), and several members share the partitions.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from confluent_kafka import Consumer, KafkaError, KafkaException, Message, TopicPartition

from consumers.bounded_read import TIMEOUT_S, offsets_at
from consumers.client.reading import POLL_S, raise_error
from consumers.moved import ask

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

#: How often what is done is committed [ms].
COMMIT_MS = 1000


class Member:
    """One member of a group.

    Parameters
    ----------
    config : mapping of str to str
        Options of the client.
    topics : sequence of str
        They exist.
    group : str
        Its id.
    start : float or None
        Where the group has not been before: the time to begin with [s since 1970, UTC]; without it the oldest.
    follow : bool
        Go on with those that come, until ``stop``; else end at the end of all its partitions.
    stop : callable
    """

    def __init__(
        self,
        config: Mapping[str, str],
        topics: Sequence[str],
        group: str,
        *,
        start: float | None,
        follow: bool,
        stop: Callable[[], bool],
    ) -> None:
        self._start, self._follow, self._stop = start, follow, stop
        self._topics = list(topics)
        self._assigned = False
        self._unended: set[tuple[str, int]] = set()
        self._new: set[tuple[str, int]] = set()
        self._current: Message | None = None
        ours = {
            "group.id": group,
            "enable.auto.commit": "true",  # of what was stored, which is what is done
            "auto.commit.interval.ms": str(COMMIT_MS),
            "enable.auto.offset.store": "false",
            "isolation.level": "read_committed",
            "enable.partition.eof": "true",
            "auto.offset.reset": "earliest",
            "allow.auto.create.topics": "false",
            "queued.max.messages.kbytes": "65536",
            "log_level": "0",
        }
        self._group = group
        self._consumer = Consumer({**config, **ours})

    def messages(self) -> Iterator[Message]:
        """Yield records; each one is done when the next is asked for."""
        self._consumer.subscribe(self._topics, on_assign=self._assign)
        while not self._stop() and (self._follow or self._unended or not self._assigned):
            message = self._consumer.poll(POLL_S)
            if message is None:
                continue
            if not raise_error(message, self._group):
                self._unended.discard(_partition(message))
                continue
            self._current = message
            if not self._too_early(message):
                yield message
            self.done()

    def done(self) -> None:
        """Tell that the record that was yielded last is done."""
        if self._current is None:
            return
        try:
            self._consumer.store_offsets(message=self._current)
        except KafkaException as error:
            if error.args[0].code() != KafkaError._STATE:  # noqa: SLF001  the partition went to another member
                raise
        self._current = None

    def close(self) -> None:
        """Commit what is done, and leave the group."""
        self._consumer.close()

    def _assign(self, consumer: Consumer, partitions: list[TopicPartition]) -> None:
        committed = ask(lambda: consumer.committed(partitions, TIMEOUT_S)) if partitions else []
        for one in committed:
            if one.error is not None:  # begun elsewhere, records would be passed over or come again
                raise KafkaException(one.error)
        self._new = {(one.topic, one.partition) for one in committed if one.offset < 0}
        if self._new and self._start is not None:
            found = offsets_at(consumer, self._new, self._start)
            committed = [one for one in committed if one.offset >= 0] + found
        consumer.assign(committed)
        self._assigned = True
        self._unended = {(one.topic, one.partition) for one in partitions}

    def _too_early(self, message: Message) -> bool:
        """Tell a record from before the start: transaction markers bear later times, and Kafka looks at those too."""
        start = self._start
        return start is not None and _partition(message) in self._new and message.timestamp()[1] < start * 1000


def _partition(message: Message) -> tuple[str, int]:
    topic, partition = message.topic(), message.partition()
    assert topic is not None  # the end of a partition, or a retriable error of one, names it
    assert partition is not None
    return topic, partition
