from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from consumers.audit.checks import AuditRow, check_partition
from consumers.audit.records import Keys, Ranges, Received

Column = NDArray[np.int64]


@dataclass(frozen=True)
class Night:
    """One partition, its ledger, and what came out."""

    received: Received
    ranges: Ranges
    annotated: Column
    dead: Column

    def check(self) -> tuple[AuditRow, list[str]]:
        return check_partition(self.received, self.ranges, np.sort(self.annotated), np.sort(self.dead))

    def problems(self) -> str:
        return "\n".join(self.check()[1])


def night(outcomes: str, gaps: list[int], cuts: set[int], start: int = 0) -> Night:
    """Build a night in balance: ``a`` is annotated, ``d`` dead, ``s`` skipped; gaps are transaction markers."""
    keys = Keys()
    steps = np.array([1 + gap for gap in gaps[: len(outcomes)]], dtype=np.int64)
    offsets = start + np.cumsum(steps) - 1
    kinds = np.array(list(outcomes))
    key = offsets + keys.first(("t", 0))
    ends = sorted({cut % len(outcomes) for cut in cuts} | {len(outcomes) - 1})
    begins = [0, *(end + 1 for end in ends[:-1])]
    last = offsets[ends]
    counts = {
        kind: np.array([np.sum(kinds[b : e + 1] == kind) for b, e in zip(begins, ends, strict=True)]) for kind in "ads"
    }
    ranges = Ranges(
        first=np.concatenate([[start], last[:-1] + 1]),
        last=last,
        records=counts["a"] + counts["d"] + counts["s"],
        annotated=counts["a"],
        dead=counts["d"],
        skipped=counts["s"],
        repeated=np.zeros_like(last),
        reasons={},
    )
    return Night(Received(("t", 0), start, offsets, key), ranges, key[kinds == "a"], key[kinds == "d"])


nights = st.builds(
    night,
    st.text("ads", min_size=1, max_size=60),
    st.lists(st.integers(0, 3), min_size=60, max_size=60),
    st.sets(st.integers(0, 59)),
    st.integers(0, 1000),
)
PLAIN = night("aadasaaadd", [0] * 10, {2, 5})


@given(nights)
def test_a_night_in_balance_is_found_in_balance(one: Night) -> None:
    row, problems = one.check()
    assert problems == []
    assert row.difference == 0
    assert row.received == len(one.received.offsets)
    assert (row.annotated, row.dead) == (len(one.annotated), len(one.dead))


@given(nights, st.data())
def test_an_output_that_is_lost_or_doubled_is_found(one: Night, data: st.DataObject) -> None:
    if len(one.annotated) == 0:
        return
    i = data.draw(st.integers(0, len(one.annotated) - 1))
    lost, _ = replace(one, annotated=np.delete(one.annotated, i)).check()
    assert lost.difference == 1
    assert "came out nowhere" in replace(one, annotated=np.delete(one.annotated, i)).problems()
    doubled = replace(one, annotated=np.append(one.annotated, one.annotated[i]))
    assert doubled.check()[0].difference == -1
    assert "came out 2 times" in doubled.problems()


@given(nights, st.data())
def test_a_ledger_row_that_is_lost_or_doubled_is_found(one: Night, data: st.DataObject) -> None:
    rows = len(one.ranges.first)
    if rows == 1:
        return
    lost = data.draw(st.integers(0, rows - 2))  # without the last the ledger only ends earlier
    columns = ("first", "last", "records", "annotated", "dead", "skipped", "repeated")
    without = {name: np.delete(getattr(one.ranges, name), lost) for name in columns}
    assert replace(one, ranges=Ranges(**without, reasons={})).problems()
    twice = {name: np.insert(getattr(one.ranges, name), lost, getattr(one.ranges, name)[lost]) for name in columns}
    assert "in two ranges" in replace(one, ranges=Ranges(**twice, reasons={})).problems()


def test_one_kind_in_place_of_another_is_found_though_the_sum_is_right() -> None:
    swapped = replace(PLAIN, annotated=PLAIN.annotated[1:], dead=np.append(PLAIN.dead, PLAIN.annotated[0]))
    assert swapped.check()[0].difference == 0
    assert "3 to 5 " not in swapped.problems()
    assert "t/0: of offsets 0 to 2 2 are annotated by the ledger, 1 in fact" in swapped.problems()


def test_a_record_in_both_outputs_is_found() -> None:
    both = replace(PLAIN, dead=np.append(PLAIN.dead, PLAIN.annotated[0]))
    assert "t/0: offset 0 came out 2 times" in both.problems()


def test_a_row_that_contradicts_itself_is_found() -> None:
    wrong = replace(PLAIN, ranges=replace(PLAIN.ranges, records=PLAIN.ranges.records + 1))
    assert "accounts for" in wrong.problems()


def test_records_after_the_ledgers_end_are_the_workers_next_ones() -> None:
    longer = night("aaaaaaaaaa", [0] * 10, {4})
    columns = {name: getattr(longer.ranges, name)[:1] for name in longer.ranges.__slots__ if name != "reasons"}
    row, problems = replace(longer, ranges=Ranges(**columns, reasons={})).check()
    assert problems == []
    assert (row.received, row.annotated, row.last_offset) == (5, 5, 4)


def test_records_before_the_ledgers_begin_are_found() -> None:
    columns = {name: getattr(PLAIN.ranges, name)[1:] for name in PLAIN.ranges.__slots__ if name != "reasons"}
    assert "begins at offset 0, and the ledger at 3" in replace(PLAIN, ranges=Ranges(**columns, reasons={})).problems()


def test_what_retention_deleted_is_left_out() -> None:
    kept = PLAIN.received.offsets >= 4
    received = replace(PLAIN.received, start=4, offsets=PLAIN.received.offsets[kept], keys=PLAIN.received.keys[kept])
    row, problems = replace(PLAIN, received=received).check()
    assert problems == []
    assert row.received == 4  # of the last range, 6 to 9


def test_a_million_contradictions_are_told_in_a_few_lines() -> None:
    silent = night("a" * 1000, [0] * 1000, set())
    _, problems = replace(silent, annotated=silent.annotated[:0]).check()
    assert len(problems) < 10
    assert any("and 997 more" in problem for problem in problems)


@pytest.mark.parametrize(
    ("origin", "attempt"), [("a/b", "1"), ("a/0/1", "0"), ("a/0/1", ""), ("a/0/-1", "1"), ("", "1")]
)
def test_damaged_headers_have_no_key(origin: str, attempt: str) -> None:
    assert Keys().key(origin, attempt) is None


@given(st.integers(0, 99), st.integers(1, 254), st.integers(0, 10**12))
def test_keys_hold_partition_attempt_and_offset(partition: int, attempt: int, offset: int) -> None:
    keys = Keys()
    keys.first(("other", 0))
    key = keys.key(f"a.b-c_d/{partition}/{offset}", str(attempt))
    assert key is not None
    assert keys.parts(key) == (("a.b-c_d", partition), attempt, offset)
