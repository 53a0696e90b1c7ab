"""Compares one input partition's records with its ledger rows and with what came out: arrays in, contradictions out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from consumers.audit.records import Ranges, Received

#: Contradictions of one kind in one partition that are told one by one.
SHOWN = 3


@dataclass(frozen=True, slots=True)
class AuditRow:
    """One input partition, from its first record that is still there to the last that is accounted for.

    Attributes
    ----------
    topic, partition
        Of the input; ``sosia.replay.v1`` holds dead letters that were sent once more.
    received : int
        Records that the input holds.
    annotated, dead : int
        Records that the outputs hold.
    skipped, repeated : int
        As the ledger says.
    reasons : mapping of str to int
        Dead and skipped records by reason, as the ledger says.
    last_offset : int
        The last one that is accounted for.
    """

    topic: str
    partition: int
    received: int
    annotated: int
    dead: int
    skipped: int
    repeated: int
    reasons: Mapping[str, int]
    last_offset: int

    @property
    def difference(self) -> int:
        """Records received that are not accounted for; negative where more came out than went in."""
        return self.received - self.annotated - self.dead - self.skipped


def check_partition(
    received: Received,
    ranges: Ranges,
    annotated: NDArray[np.int64],
    dead: NDArray[np.int64],
    *,
    whole_ledger: bool = True,
) -> tuple[AuditRow, list[str]]:
    """Audit one partition.

    Parameters
    ----------
    received : Received
        Its records.
    ranges : Ranges
        Its ledger rows.
    annotated, dead : int64 arrays
        Keys of what came out, sorted.
    whole_ledger : bool, optional
        False where old ledger rows were deleted, so that the first that is left need not be the first.

    Returns
    -------
    AuditRow
    list of str
        Contradictions.
    """
    topic, number = received.partition
    name = f"{topic}/{number}"
    problems = [f"{name}: {problem}" for problem in _untiled(ranges)]
    # Of a range whose records are in part deleted nothing can be counted any more.
    kept = ranges.first >= received.start
    first, last = ranges.first[kept], ranges.last[kept]
    offsets = received.offsets
    begin, end = np.searchsorted(offsets, first, "left"), np.searchsorted(offsets, last, "right")

    n_annotated, n_dead = _occurrences(annotated, received.keys), _occurrences(dead, received.keys)
    for column, counted, what in (
        (ranges.records, np.ones_like(offsets), "received"),
        (ranges.annotated, n_annotated, "annotated"),
        (ranges.dead, n_dead, "dead"),
    ):
        found = _sums(counted, begin, end)
        wrong = np.flatnonzero(found != column[kept])
        problems += _shown(
            f"{name}: of offsets {first[i]} to {last[i]} {column[kept][i]} are {what} by the ledger, {found[i]} in fact"
            for i in wrong
        )
    covered = np.zeros(len(offsets) + 1, dtype=np.int64)
    np.add.at(covered, begin, 1)
    np.add.at(covered, end, -1)
    inside = np.cumsum(covered[:-1]) > 0
    came_out = n_annotated + n_dead
    problems += _shown(
        f"{name}: offset {offsets[i]} came out {came_out[i]} times" for i in np.flatnonzero(inside & (came_out > 1))
    )
    skipped = int(ranges.skipped[kept].sum())
    silent = np.flatnonzero(inside & (came_out == 0))
    if len(silent) != skipped:
        problems.append(f"{name}: {len(silent)} records came out nowhere, and the ledger says {skipped} skipped")
        problems += _shown(f"{name}: offset {offsets[i]} came out nowhere" for i in silent)
    if whole_ledger and len(first) and len(offsets) and offsets[0] < first[0] and kept.all():
        problems.append(f"{name}: begins at offset {offsets[0]}, and the ledger at {first[0]}")
    row = AuditRow(
        topic=topic,
        partition=number,
        received=int(inside.sum()),
        annotated=int(n_annotated[inside].sum()),
        dead=int(n_dead[inside].sum()),
        skipped=skipped,
        repeated=int(ranges.repeated[kept].sum()),
        reasons=ranges.reasons,
        last_offset=int(ranges.last.max()),
    )
    return row, problems


def _untiled(ranges: Ranges) -> list[str]:
    """Tell where the ledger's ranges leave gaps, overlap or are upside down."""
    expected = ranges.last[:-1] + 1
    begins = ranges.first[1:]
    problems = _shown(
        f"the ledger has no range for offsets {expected[i]} to {begins[i] - 1}"
        for i in np.flatnonzero(begins > expected)
    )
    problems += _shown(
        f"the ledger has offsets {begins[i]} to {expected[i] - 1} in two ranges"
        for i in np.flatnonzero(begins < expected)
    )
    problems += _shown(
        f"the ledger has a range from {ranges.first[i]} to {ranges.last[i]}"
        for i in np.flatnonzero(ranges.last < ranges.first)
    )
    accounted = ranges.annotated + ranges.dead + ranges.skipped
    problems += _shown(
        f"the ledger has {ranges.records[i]} records from offset {ranges.first[i]}, and accounts for {accounted[i]}"
        for i in np.flatnonzero(accounted != ranges.records)
    )
    return problems


def _occurrences(of: NDArray[np.int64], keys: NDArray[np.int64]) -> NDArray[np.int64]:
    """Count how often each key stands in a sorted array."""
    return np.searchsorted(of, keys, "right") - np.searchsorted(of, keys, "left")


def _sums(values: NDArray[np.int64], begin: NDArray[np.int64], end: NDArray[np.int64]) -> NDArray[np.int64]:
    """Sum values over ranges."""
    running = np.concatenate([[0], np.cumsum(values)])
    total: NDArray[np.int64] = running[end] - running[begin]
    return total


def _shown(problems: Iterator[str]) -> list[str]:
    """Return the first few, and how many more there are: a night that went wrong has a million."""
    shown: list[str] = []
    more = 0
    for problem in problems:
        if len(shown) < SHOWN:
            shown.append(problem)
        else:
            more += 1
    return [*shown, f"... and {more} more like the last"] if more else shown
