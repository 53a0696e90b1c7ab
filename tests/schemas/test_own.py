"""The project's own records come back, whichever version of their schema wrote them."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from schemas.errors import UnreadableError
from schemas.own import pack, unpack

ROW = {
    "topic": "t", "partition": 3, "firstOffset": 5, "lastOffset": 9, "records": 5, "annotated": 3, "dead": 1,
    "skipped": 1, "repeated": 0, "reasons": {"empty": 1}, "worker": "w", "time": 0,
}  # fmt: skip


@pytest.mark.parametrize("wire_id", [None, 12])
def test_own_records_come_back(wire_id: int | None) -> None:
    back = unpack("ledger", pack("ledger", ROW, wire_id))
    assert {**back, "time": 0} == ROW


@given(st.sampled_from([None, 12]), st.lists(st.tuples(st.integers(0, 5000), st.integers(0, 255)), max_size=4))
@example(None, [(pack("ledger", ROW).index(b'"type"') + 1, 0)])
def test_damaged_records_are_refused_or_read_never_worse(wire_id: int | None, damage: list[tuple[int, int]]) -> None:
    payload = bytearray(pack("ledger", ROW, wire_id))
    for place, byte in damage:
        payload[place % len(payload)] = byte
    with suppress(UnreadableError):
        unpack("ledger", bytes(payload))
