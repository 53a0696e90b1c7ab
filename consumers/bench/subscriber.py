"""A subscriber of committed records, attached while workers run, that notes when which alert arrived."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

from confluent_kafka import TopicPartition

from consumers.bounded_read import TIMEOUT_S, reader
from consumers.names import ORIGIN_HEADER

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from confluent_kafka import Message

POLL_S = 0.05


@dataclass(frozen=True, slots=True)
class Receipt:
    """One annotated alert: when the broker appended it, and when it was here [s since 1970]."""

    appended: float
    received: float


class Subscriber:
    """Reads topics in a thread of its own under ``with``.

    Parameters
    ----------
    config : mapping of str to str
        Options of the client.
    topics : sequence of str

    Attributes
    ----------
    receipts : dict of str to Receipt
        By origin, ``topic/partition/offset`` of the input.
    repeated : int
        Records whose origin was received before: none, or delivery is not exactly once.
    """

    def __init__(self, config: Mapping[str, str], topics: Sequence[str]) -> None:
        self.receipts: dict[str, Receipt] = {}
        self.repeated = 0
        self._consumer = reader(config)
        self._topics = topics
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._read, name="subscriber")

    def __enter__(self) -> Self:
        """Attach."""
        existing = self._consumer.list_topics(timeout=TIMEOUT_S).topics
        partitions = [TopicPartition(name, number, 0) for name in self._topics for number in existing[name].partitions]
        self._consumer.assign(partitions)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Leave."""
        self._stopping.set()
        self._thread.join()
        self._consumer.close()

    def _read(self) -> None:
        while not self._stopping.is_set():
            messages = self._consumer.consume(200, POLL_S)
            now = time.time()
            for message in messages:
                if message.error() is None:  # else an end of a partition, or a broker that will be back
                    self._take(message, now)

    def _take(self, message: Message, now: float) -> None:
        headers: Any = message.headers() or []
        origin = dict(headers)[ORIGIN_HEADER].decode()
        self.repeated += origin in self.receipts
        self.receipts[origin] = Receipt(message.timestamp()[1] / 1e3, now)
