"""Ledger rows: what became of each range of each input partition, so that an audit can tell that nothing is missing."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from consumers.names import LEDGER
from consumers.worker.batch import Annotated, Dead, Output
from consumers.worker.provenance import provenance
from schemas.errors import SosiaError
from schemas.own import pack

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from consumers.worker.batch import Outcome, Partition


class OffsetOrderError(SosiaError):
    """A record came twice, or before its turn: committing it would break the promise of exactly once."""


@dataclass(frozen=True, slots=True)
class LedgerRow:
    """One row of ``schemas/ledger.avsc``; offsets are inclusive."""

    partition: Partition
    first_offset: int
    last_offset: int
    records: int
    annotated: int
    dead: int
    repeated: int
    reasons: Mapping[str, int]
    worker: str
    time: datetime

    @property
    def accounted(self) -> int:
        """Records of which it is known what became of them; all of them, or there is a bug."""
        return self.annotated + self.dead

    def output(self) -> Output:
        """Return the row as it is written to Kafka."""
        topic, partition = self.partition
        row = {
            "topic": topic,
            "partition": partition,
            "firstOffset": self.first_offset,
            "lastOffset": self.last_offset,
            "records": self.records,
            "annotated": self.annotated,
            "dead": self.dead,
            "skipped": 0,
            "repeated": self.repeated,
            "reasons": dict(self.reasons),
            "worker": self.worker,
            "time": self.time,
        }
        return Output(LEDGER, f"{topic}/{partition}".encode(), pack("ledger", row), ())


def ledger_rows(
    outcomes: Sequence[Outcome], positions: Mapping[Partition, int], worker: str, time: datetime
) -> list[LedgerRow]:
    """Account for the records of one transaction, one row a partition.

    Parameters
    ----------
    outcomes : sequence of Outcome
        In the order of their offsets.
    positions : mapping of partition to int
        The offset that each partition's next range begins at. A record may lie after it, since the markers of
        the input's own transactions take offsets too, and still the ranges tile.
    worker : str
    time : datetime

    Raises
    ------
    OffsetOrderError
        A record lies before its partition's position or its predecessor.
    """
    by_partition: dict[Partition, list[Outcome]] = {}
    for outcome in outcomes:
        by_partition.setdefault(outcome.record.source, []).append(outcome)
    repeats = _repeats(outcomes)
    rows = []
    for partition, mine in by_partition.items():
        reasons = Counter(str(outcome.reason) for outcome in mine if isinstance(outcome, Dead))
        rows.append(
            LedgerRow(
                partition=partition,
                first_offset=positions[partition],
                last_offset=_last_offset(mine, positions[partition]),
                records=len(mine),
                annotated=sum(isinstance(outcome, Annotated) for outcome in mine),
                dead=reasons.total(),
                repeated=repeats[partition],
                reasons=reasons,
                worker=worker,
                time=time,
            )
        )
    return rows


def _last_offset(outcomes: Sequence[Outcome], position: int) -> int:
    expected = position
    for outcome in outcomes:
        record = outcome.record
        if record.offset < expected:
            raise OffsetOrderError(
                f"{record.topic}/{record.partition}: offset {record.offset} came where {expected} was expected; "
                "nothing of this batch is committed, and a restart begins at the last commit"
            )
        expected = record.offset + 1
    return expected - 1


def _repeats(outcomes: Sequence[Outcome]) -> Counter[Partition]:
    """Count by partition the annotated records that are a later attempt, or an epoch that was in the batch before."""
    repeats: Counter[Partition] = Counter()
    seen: set[tuple[str, str]] = set()
    for outcome in outcomes:
        if isinstance(outcome, Annotated):
            epoch = (outcome.annotation.survey, outcome.annotation.epoch_id)
            if epoch in seen or provenance(outcome.record).attempt > 1:
                repeats[outcome.record.source] += 1
            seen.add(epoch)
    return repeats
