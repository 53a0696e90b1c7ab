from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consumers.names import ATTEMPT_HEADER, LEDGER, ORIGIN_HEADER, REPLAY
from consumers.worker.batch import Outcome
from consumers.worker.ledger_rows import LedgerRow, OffsetOrderError, ledger_rows
from schemas.errors import DeadReason
from schemas.own import unpack
from tests.consumers.worker.records import NOW, annotated, dead


def rows(outcomes: list[Outcome], position: int = 0) -> list[LedgerRow]:
    positions = dict.fromkeys((outcome.record.source for outcome in outcomes), position)
    return ledger_rows(outcomes, positions, "worker", NOW)


def test_a_row_accounts_for_each_record_of_its_partition() -> None:
    outcomes = [
        annotated(0),
        dead(1),
        annotated(0, epoch="other", partition=1),
        dead(2, DeadReason.LENGTHS),
        annotated(4),
    ]
    first, second = rows(outcomes)
    assert (first.partition, first.first_offset, first.last_offset) == (("alerts", 0), 0, 4)
    assert (first.records, first.annotated, first.dead) == (4, 2, 2)
    assert first.reasons == {"framing": 1, "lengths": 1}
    assert (second.partition, second.records, second.annotated, second.dead) == (("alerts", 1), 1, 1, 0)


@given(st.lists(st.integers(1, 5), min_size=1), st.lists(st.integers(1, 10), min_size=1))
def test_ranges_tile_over_gaps_and_however_the_batches_are_cut(gaps: list[int], cuts: list[int]) -> None:
    """Offsets have gaps where markers of the input's own transactions are."""
    offsets = [sum(gaps[:i]) for i in range(1, len(gaps) + 1)]
    position, found = 0, []
    while offsets:
        cut = cuts[len(found) % len(cuts)]
        (row,) = rows([annotated(offset) for offset in offsets[:cut]], position)
        found.append(row)
        position, offsets = row.last_offset + 1, offsets[cut:]
    assert found[0].first_offset == 0
    assert all(later.first_offset == row.last_offset + 1 for row, later in pairwise(found))
    assert sum(row.records for row in found) == len(gaps)
    assert position == sum(gaps) + 1


@pytest.mark.parametrize(
    "outcomes", [[annotated(9)], [annotated(10), annotated(10)], [annotated(12), annotated(11)]], ids=str
)
def test_a_record_that_comes_twice_or_before_its_turn_is_refused(outcomes: list[Outcome]) -> None:
    with pytest.raises(OffsetOrderError, match="alerts/0"):
        rows(outcomes, 10)


def test_repeated_counts_epochs_seen_in_the_batch_and_later_attempts() -> None:
    headers = ((ORIGIN_HEADER, b"alerts/0/5"), (ATTEMPT_HEADER, b"2"))
    alerts, replay = rows(
        [annotated(0, "a"), annotated(1, "b"), annotated(2, "a"), annotated(0, "c", topic=REPLAY, headers=headers)]
    )
    assert (alerts.repeated, replay.repeated) == (1, 1)


def test_a_row_is_written_as_its_schema_says() -> None:
    (row,) = rows([annotated(0), dead(1)])
    output = row.output()
    assert (output.topic, output.key) == (LEDGER, b"alerts/0")
    assert unpack("ledger", output.value or b"") == {
        "topic": "alerts",
        "partition": 0,
        "firstOffset": 0,
        "lastOffset": 1,
        "records": 2,
        "annotated": 1,
        "dead": 1,
        "skipped": 0,
        "repeated": 0,
        "reasons": {"framing": 1},
        "worker": "worker",
        "time": NOW,
    }
