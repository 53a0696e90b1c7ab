"""The size of batches that pays."""

from __future__ import annotations

import pytest

from consumers.worker.batch_size import OVERHEAD, TRIED, BatchSize


def _learnt(per_record: float, overhead: float, most: int = 64, batches: int = 100) -> int:
    size = BatchSize(most)
    for _ in range(batches):
        size.measured(size.records, per_record * size.records + overhead)
    return size.records


def test_the_overhead_is_a_small_part_of_a_batch_and_no_batch_is_larger_than_that_takes() -> None:
    records = _learnt(0.002, 0.004)
    assert records == pytest.approx(0.004 / 0.002 * (1 / OVERHEAD - 1), abs=1)


def test_batches_are_as_large_as_allowed_where_the_overhead_is_large() -> None:
    assert _learnt(0.001, 0.5) == 64


def test_batches_are_the_smallest_that_were_tried_where_there_is_no_overhead() -> None:
    assert _learnt(0.003, 0.0) == min(TRIED) * 64


@pytest.mark.parametrize("most", [1, 64])
def test_nothing_is_concluded_from_batches_of_one_size(most: int) -> None:
    size = BatchSize(most)
    for _ in range(20):
        size.measured(most, 0.1)
        assert 1 <= size.records <= most
