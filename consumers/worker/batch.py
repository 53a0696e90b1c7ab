"""What passes through a worker: records as Kafka delivered them, batches of them, and what became of each."""

from __future__ import annotations

from dataclasses import dataclass
from operator import methodcaller
from typing import TYPE_CHECKING, TypeAlias

from broker.annotation import Annotation
from broker.packet import Packet
from schemas.errors import DeadReason

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from confluent_kafka import Message

#: A topic and the number of one of its partitions.
Partition: TypeAlias = tuple[str, int]
Headers: TypeAlias = tuple[tuple[str, bytes | None], ...]


@dataclass(frozen=True, slots=True, eq=False)
class Record:
    """One input record.

    Attributes
    ----------
    topic, partition, offset
        Where it was read.
    key, value : bytes or None
    headers : tuple of (str, bytes or None)
    timestamp : int or None
        Of the record itself [ms since 1970, UTC].
    received : datetime
        When this worker received it, UTC.
    unread_headers : bool
        Whether it has headers that the client cannot read, since a name among them is not UTF-8.
    """

    topic: str
    partition: int
    offset: int
    key: bytes | None
    value: bytes | None
    headers: Headers
    timestamp: int | None
    received: datetime
    unread_headers: bool = False

    @classmethod
    def of(cls, message: Message, received: datetime) -> Record:
        """Return a message that was delivered without an error."""
        topic, partition, offset = message.topic(), message.partition(), message.offset()
        assert topic is not None and partition is not None and offset is not None  # noqa: PT018  so is each delivered one
        _, timestamp = message.timestamp()
        headers = _headers(message)
        return cls(
            topic=topic,
            partition=partition,
            offset=offset,
            key=_bytes(message.key()),
            value=_bytes(message.value()),
            headers=headers or (),
            timestamp=timestamp if timestamp >= 0 else None,
            received=received,
            unread_headers=headers is None,
        )

    @property
    def source(self) -> Partition:
        """The partition it was read from."""
        return self.topic, self.partition

    @property
    def size(self) -> int:
        """Length of the value [bytes]."""
        return len(self.value or b"")


def _headers(message: Message) -> Headers | None:
    """Return the headers; None where a name is not UTF-8: the client fails on it, but no packet has to."""
    try:
        # Not called directly: the interpreter's shortcut for direct calls would not notice the client's failure here,
        # and raise it anywhere later.
        headers = methodcaller("headers")(message) or []
    except SystemError:
        return None
    assert isinstance(headers, list)  # a name may stand twice
    return tuple((name, _bytes(value)) for name, value in headers)


def _bytes(value: str | bytes | None) -> bytes | None:
    """Narrow what the client's types leave open; a consumer delivers bytes."""
    return value.encode() if isinstance(value, str) else value


@dataclass(frozen=True, slots=True, eq=False)
class Readable:
    """A record that was read; its annotation is still to come.

    Attributes
    ----------
    packet_id, scores_id, embedding_id : int or None
        The registry's numbers of the schemas that its outputs are written with; None writes object containers.
    """

    record: Record
    packet: Packet
    packet_id: int | None = None
    scores_id: int | None = None
    embedding_id: int | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Dead:
    """A record that cannot be read, and why."""

    record: Record
    reason: DeadReason
    detail: str


@dataclass(frozen=True, slots=True, eq=False)
class Annotated:
    """A record that was annotated: its outputs.

    Attributes
    ----------
    packet, scores : bytes
        The full packet with the annotation appended, and the annotation alone.
    embeddings : tuple of bytes
        Where its images lie in feature space; none where there is no such place, or nobody wants to know.
    """

    record: Record
    annotation: Annotation
    packet: bytes
    scores: bytes
    embeddings: tuple[bytes, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class Output:
    """One record to be written.

    Attributes
    ----------
    partition : int or None
        None: by its key.
    timestamp : int or None
        [ms since 1970, UTC]; None: now.
    """

    topic: str
    key: bytes | None
    value: bytes | None
    headers: Headers
    partition: int | None = None
    timestamp: int | None = None

    @property
    def size(self) -> int:
        """Length of the value [bytes]."""
        return len(self.value or b"")


Decoded: TypeAlias = Readable | Dead
Outcome: TypeAlias = Annotated | Dead


class Filling:
    """The batch that is being filled: due when it is full, or when its first record waited long enough.

    Parameters
    ----------
    records : int
        A full batch; may be changed between batches.
    size : int
        Likewise, by the length of its values [bytes].
    deadline : float
        Longest wait of a record [s].
    clock : callable
        Seconds from any fixed moment, never set back.
    """

    def __init__(self, records: int, size: int, deadline: float, clock: Callable[[], float]) -> None:
        self.most_records = records
        self._most_bytes = size
        self._deadline = deadline
        self._clock = clock
        self._records: list[Record] = []
        self._bytes = 0
        self._due = 0.0

    def add(self, record: Record) -> None:
        """Add one record."""
        if not self._records:
            self._due = self._clock() + self._deadline
        self._records.append(record)
        self._bytes += record.size

    def take(self, most: int | None = None) -> list[Record]:
        """Take what there is, or the first few of it."""
        taken, self._records = self._records[:most], self._records[len(self._records) if most is None else most :]
        self._bytes = sum(record.size for record in self._records)
        return taken

    def __len__(self) -> int:
        """Count the records so far."""
        return len(self._records)

    def waiting(self, partition: Partition) -> int:
        """Count the records of one partition."""
        return sum(record.source == partition for record in self._records)

    @property
    def room(self) -> int:
        """How many more records fit; 0 where the batch is full."""
        return 0 if self._bytes >= self._most_bytes else max(self.most_records - len(self._records), 0)

    @property
    def due(self) -> bool:
        """Whether it is time to pass it on."""
        return bool(self._records) and (self.room == 0 or self._clock() >= self._due)
