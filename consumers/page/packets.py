"""Full packets and embeddings by their `sosia-origin`, read when somebody wants to see an alert.

A worker publishes an alert's packet, scores and embedding in one transaction, under one key: so they lie in partitions
of the same number, where the topics have as many, and are about as old. They are looked for around that time.
"""

from __future__ import annotations

import threading
from datetime import timedelta
from typing import TYPE_CHECKING

from consumers.bounded_read import TIMEOUT_S, offsets_at, reader
from consumers.client.alert import origin_of
from consumers.client.reading import raise_error
from consumers.rights import no_topic
from consumers.worker.batch import Record
from schemas.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from datetime import datetime

    from confluent_kafka import Message

    from consumers.page.board import Entry

#: Little is read ahead, since it is thrown away.
OPTIONS = {"fetch.wait.max.ms": "20", "queued.max.messages.kbytes": "4096"}
#: Around the time of the scores it is looked for so far [s]; the wider one where the narrow one does not do.
AROUND_S = (0.05, 5.0)
#: Of so many records at most [bytes].
MOST_BYTES = 200_000_000
#: The longest wait for the next record [s].
SILENT_S = 2.0


class Packets:
    """Finds packets, one at a time.

    Parameters
    ----------
    config : mapping of str to str
        Options of the client.
    """

    def __init__(self, config: Mapping[str, str]) -> None:
        self._config = config
        self._consumer = reader(config, further=OPTIONS)
        self._lock = threading.Lock()

    def close(self) -> None:
        """Leave the cluster."""
        with self._lock:
            self._consumer.close()

    def find(self, entry: Entry) -> bytes | None:
        """Return an entry's packet as it was published; None where it is no longer kept.

        Raises
        ------
        SosiaError
            There is no such topic, or this user may not read it.
        confluent_kafka.KafkaException
            The cluster does not answer.
        """
        return self.find_in(entry.topic.removesuffix(".scores.v1") + ".annotated.v1", entry)

    def find_in(self, topic: str, entry: Entry, wanted: Callable[[bytes], bool] = lambda _: True) -> bytes | None:
        """Return the first record of a topic that was published with an entry and is wanted; raises as `find`."""
        with self._lock:
            partitions = self._partitions(topic, entry)
            for seconds in AROUND_S:
                around = timedelta(seconds=seconds)
                for message in self._between(topic, partitions, entry.time - around, entry.time + around):
                    record = Record.of(message, entry.time)
                    if origin_of(record.headers) == entry.origin and wanted(record.value or b""):
                        self._consumer.unassign()
                        return record.value
        return None

    def _partitions(self, topic: str, entry: Entry) -> list[int]:
        topics = self._consumer.list_topics(timeout=TIMEOUT_S).topics
        for name in (topic, entry.topic):
            if name not in topics:
                raise ConfigurationError(no_topic(self._config, name))
        full, thin = topics[topic].partitions, topics[entry.topic].partitions
        return [entry.partition] if len(full) == len(thin) else sorted(full)

    def _between(self, topic: str, partitions: list[int], start: datetime, end: datetime) -> Iterator[Message]:
        """Yield the records of a time, and what else lies between them."""
        places = offsets_at(self._consumer, [(topic, number) for number in partitions], start.timestamp())
        found = [one for one in places if one.offset >= 0]
        self._consumer.assign(found)
        open_partitions = {one.partition for one in found}
        read = 0
        while open_partitions and read < MOST_BYTES:
            message = self._consumer.poll(SILENT_S)
            if message is None:
                break
            if not raise_error(message) or message.timestamp()[1] > end.timestamp() * 1000:
                open_partitions.discard(message.partition())
                continue
            read += len(message.value() or b"")
            yield message
        self._consumer.unassign()
