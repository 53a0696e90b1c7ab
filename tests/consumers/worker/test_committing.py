"""How batches are cut into transactions, and what stands in each."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from confluent_kafka import TopicPartition
from prometheus_client import CollectorRegistry

from consumers import names
from consumers.metrics import Metrics
from consumers.worker.batch import Outcome, Output
from consumers.worker.committing import Committer, Identity, Limits
from consumers.worker.quarantine import Quarantine
from consumers.worker.transaction import TransactionAbortedError
from schemas.own import unpack
from tests.consumers.worker.records import NOW, Clock, annotated, dead

HERE = ("alerts", 0)


class Transactions:
    """Notes what each transaction holds; each record takes a while to produce."""

    def __init__(self, clock: Clock, seconds: float = 0.0) -> None:
        self.outputs: list[list[Output]] = []
        self.offsets: list[list[tuple[str, int, int]]] = []
        self.aborts = False
        self._clock = clock
        self._seconds = seconds

    def begin(self) -> None:
        self.outputs.append([])

    def produce(self, output: Output) -> None:
        self.outputs[-1].append(output)
        self._clock.now += self._seconds

    def commit(self, offsets: list[TopicPartition]) -> None:
        if self.aborts:
            raise TransactionAbortedError("as told")
        self.offsets.append([(one.topic, one.partition, one.offset) for one in offsets])

    def sizes(self) -> list[int]:
        """Annotated packets in each transaction."""
        return [sum(output.topic == names.annotated("ztf") for output in outputs) for outputs in self.outputs]


class Positions:
    def __init__(self) -> None:
        self.positions = {HERE: 0}


def committer(transactions: Any, positions: Any, clock: Clock, size: int = 10_000, seconds: float = 10.0) -> Committer:
    return Committer(
        transactions,
        positions,
        Quarantine(lambda _: None, 1),
        identity=Identity("worker", "0.1"),
        limits=Limits(size, seconds),
        clock=lambda: NOW,
        monotonic=clock,
        metrics=Metrics(CollectorRegistry(), ["ztf"]),
    )


def commit(outcomes: list[Outcome], produce_seconds: float = 0.0, **limits: Any) -> Transactions:
    clock = Clock()
    transactions = Transactions(clock, produce_seconds)
    committer(transactions, Positions(), clock, **limits).commit(outcomes)
    return transactions


def test_a_batch_is_one_transaction_with_outputs_and_ledger_and_offsets() -> None:
    done = commit([annotated(0), dead(1), annotated(2)])
    assert [output.topic for output in done.outputs[0]] == [
        names.annotated("ztf"),
        names.scores("ztf"),
        names.DEAD,
        names.annotated("ztf"),
        names.scores("ztf"),
        names.LEDGER,
    ]
    assert done.offsets == [[("alerts", 0, 3)]]


def test_an_embedding_is_a_row_of_the_same_transaction_and_no_output_of_the_ledger() -> None:
    outcome = replace(annotated(0), embeddings=(b"e" * 3000,))
    done = commit([outcome, annotated(1), replace(annotated(2), embeddings=(b"e" * 3000,))], size=4000)
    rows = [[output for output in outputs if output.topic == names.EMBEDDINGS] for outputs in done.outputs]
    assert [len(row) for row in rows] == [1, 1]  # their size counts
    annotations = [output for output in done.outputs[0] if output.topic == names.scores("ztf")]
    assert (rows[0][0].key, rows[0][0].headers) == (annotations[0].key, annotations[0].headers)
    (ledger,) = [unpack("ledger", one.value or b"") for one in done.outputs[0] if one.topic == names.LEDGER]
    assert (ledger["records"], ledger["annotated"]) == (2, 2)


def test_a_transaction_spans_no_more_bytes_than_told() -> None:
    done = commit([annotated(i, size=999) for i in range(10)], size=4000)
    assert done.sizes() == [4, 4, 2]
    assert done.offsets == [[("alerts", 0, 4)], [("alerts", 0, 8)], [("alerts", 0, 10)]]


def test_a_record_larger_than_a_transaction_goes_alone() -> None:
    assert commit([annotated(i, size=5000) for i in range(3)], size=4000).sizes() == [1, 1, 1]


def test_a_transaction_spans_no_more_time_than_told() -> None:
    assert commit([annotated(i) for i in range(6)], produce_seconds=0.1, seconds=0.5).sizes() == [3, 3]


def test_positions_move_only_with_a_commit() -> None:
    clock, positions = Clock(), Positions()
    transactions = Transactions(clock)
    under_test = committer(transactions, positions, clock)
    transactions.aborts = True
    with pytest.raises(TransactionAbortedError):
        under_test.commit([annotated(0)])
    assert positions.positions == {HERE: 0}
    transactions.aborts = False
    under_test.commit([annotated(0)])
    assert positions.positions == {HERE: 1}
