"""What an audit reads, as arrays: ledger rows, input records, and the origins that outputs carry."""

from __future__ import annotations

import re
from array import array
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import numpy as np

from consumers.bounded_read import Span, read
from consumers.names import ATTEMPT_HEADER, ORIGIN_HEADER, REPLAY
from consumers.worker.batch import Partition, Record
from consumers.worker.provenance import provenance
from schemas.errors import UnreadableError
from schemas.own import unpack

if TYPE_CHECKING:
    from confluent_kafka import Message
    from numpy.typing import NDArray

_ORIGIN = re.compile(r"(?P<topic>[A-Za-z0-9._-]{1,249})/(?P<partition>[0-9]{1,10})/(?P<offset>[0-9]{1,13})")
_ATTEMPT = re.compile(r"[1-9][0-9]{0,8}")

#: A key is one number: partition (15 bits), attempt (8), offset (40: a million records a second for 12 days).
_PARTITION_BITS, _ATTEMPT_BITS, _OFFSET_BITS = 15, 8, 40
_MOST_ATTEMPTS = (1 << _ATTEMPT_BITS) - 1


class Keys:
    """Turns an origin and an attempt at it into one number, so that millions of them fit into memory."""

    def __init__(self) -> None:
        self._numbers: dict[Partition, int] = {}

    def first(self, partition: Partition) -> int:
        """Return the key of the first attempt at offset 0 of a partition; those of the next offsets follow it."""
        return (self._numbers.setdefault(partition, len(self._numbers)) << _ATTEMPT_BITS | 1) << _OFFSET_BITS

    def any_of(self, partition: Partition, keys: NDArray[np.int64]) -> bool:
        """Whether sorted keys have one of a partition: of any attempt at any offset."""
        shift = _OFFSET_BITS + _ATTEMPT_BITS
        number = self.first(partition) >> shift
        begin, end = np.searchsorted(keys, [number << shift, (number + 1) << shift])
        return bool(begin < end)

    def key(self, origin: str, attempt: str) -> int | None:
        """Return the key of a record by its two headers; None where they are damaged, or a key has no room for them."""
        found = _ORIGIN.fullmatch(origin)
        if found is None or _ATTEMPT.fullmatch(attempt) is None:
            return None
        partition, offset = (str(found["topic"]), int(found["partition"])), int(found["offset"])
        full = len(self._numbers) >> _PARTITION_BITS and partition not in self._numbers
        if full or offset >> _OFFSET_BITS:
            return None
        later = min(int(attempt), _MOST_ATTEMPTS) - 1
        return self.first(partition) + (later << _OFFSET_BITS) + offset

    def parts(self, key: int) -> tuple[Partition, int, int]:
        """Return partition, attempt and offset of a key."""
        number = key >> _OFFSET_BITS + _ATTEMPT_BITS
        partition = list(self._numbers)[number]
        return partition, key >> _OFFSET_BITS & _MOST_ATTEMPTS, key & (1 << _OFFSET_BITS) - 1


@dataclass(slots=True)
class Ranges:
    """The ledger rows of one input partition, in the order of their offsets, as columns."""

    first: NDArray[np.int64]
    last: NDArray[np.int64]
    records: NDArray[np.int64]
    annotated: NDArray[np.int64]
    dead: NDArray[np.int64]
    skipped: NDArray[np.int64]
    repeated: NDArray[np.int64]
    reasons: Mapping[str, int]


#: An audit does not ask when it received a record.
_NEVER = datetime.fromtimestamp(0, UTC)
_COLUMNS = ("firstOffset", "lastOffset", "records", "annotated", "dead", "skipped", "repeated")


def read_ledger(config: Mapping[str, str], spans: Iterable[Span], problems: list[str]) -> dict[Partition, Ranges]:
    """Read ledger rows, by input partition."""
    columns: dict[Partition, list[array[int]]] = defaultdict(lambda: [array("q") for _ in _COLUMNS])
    reasons: dict[Partition, Counter[str]] = defaultdict(Counter)
    for message in read(config, spans):
        try:
            row = unpack("ledger", message.value() or b"")
        except UnreadableError as error:
            problems.append(f"{_place(message)}: {error}")
            continue
        partition = (row["topic"], row["partition"])
        for column, name in zip(columns[partition], _COLUMNS, strict=True):
            column.append(row[name])
        reasons[partition].update(row["reasons"])
    ledger = {}
    for partition, its in columns.items():
        first, last, records, annotated, dead, skipped, repeated = _sorted(np.array(its, dtype=np.int64))
        ledger[partition] = Ranges(
            first, last, records, annotated, dead, skipped, repeated, reasons=dict(reasons[partition])
        )
    return ledger


def _sorted(columns: NDArray[np.int64]) -> NDArray[np.int64]:
    """Sort ledger rows by their first offset, then their last."""
    ordered: NDArray[np.int64] = columns[:, np.lexsort((columns[1], columns[0]))]
    return ordered


@dataclass(frozen=True, slots=True)
class Received:
    """The records of one input partition.

    Attributes
    ----------
    partition : (str, int)
    start : int
        The first offset that the cluster still keeps.
    offsets : int64 array (n,)
        Of the records, ascending; transaction markers leave gaps.
    keys : int64 array (n,)
        Which origin and attempt each is.
    """

    partition: Partition
    start: int
    offsets: NDArray[np.int64]
    keys: NDArray[np.int64]


def read_inputs(config: Mapping[str, str], spans: Sequence[Span], keys: Keys) -> list[Received]:
    """Read which records some input partitions hold."""
    offsets: dict[Partition, array[int]] = {(span.topic, span.partition): array("q") for span in spans}
    replayed: dict[Partition, array[int]] = {(span.topic, span.partition): array("q") for span in spans}
    for message in read(config, spans):
        record = Record.of(message, _NEVER)
        offsets[record.source].append(record.offset)
        if record.topic == REPLAY:
            came = provenance(record)
            replayed[record.source].append(keys.key(came.origin, str(came.attempt)) or 0)
    received = []
    for span in spans:
        partition = (span.topic, span.partition)
        column = np.array(offsets[partition], dtype=np.int64)
        its = np.array(replayed[partition], dtype=np.int64) if span.topic == REPLAY else column + keys.first(partition)
        received.append(Received(partition, span.start, column, its))
    return received


def read_outputs(
    config: Mapping[str, str], spans: Iterable[Span], keys: Keys, problems: list[str]
) -> NDArray[np.int64]:
    """Read which origins and attempts some output topics hold; sorted."""
    column = array("q")
    for message in read(config, spans):
        headers = dict(Record.of(message, _NEVER).headers)
        key = keys.key(*(_text(headers.get(name)) for name in (ORIGIN_HEADER, ATTEMPT_HEADER)))
        if key is None:
            problems.append(f"{_place(message)}: has no readable headers {ORIGIN_HEADER} and {ATTEMPT_HEADER}")
        else:
            column.append(key)
    return np.sort(np.array(column, dtype=np.int64))


def _text(header: bytes | None) -> str:
    return (header or b"").decode("utf-8", "replace")


def _place(message: Message) -> str:
    return f"{message.topic()}/{message.partition()}/{message.offset()}"
