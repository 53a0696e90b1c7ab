"""Kafka's error protocol, with a producer that fails as told: real errors of each kind are rare, and not repeatable."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from confluent_kafka import KafkaError, KafkaException, TopicPartition

from consumers.worker.batch import Output
from consumers.worker.transaction import BACKOFF, TransactionAbortedError, Transactions

RETRIABLE = KafkaError(KafkaError._TIMED_OUT, "slow", retriable=True)
ABORTABLE = KafkaError(KafkaError._INCONSISTENT, "lost", txn_requires_abort=True)
FATAL = KafkaError(KafkaError._FENCED, "fenced", fatal=True)
OTHER = KafkaError(KafkaError._STATE, "wrong")

OUTPUT = Output("out", b"key", b"value", (("name", b"value"),))
OFFSETS = [TopicPartition("in", 0, 5)]


class Producer:
    """Fails as told, and notes what it was asked."""

    def __init__(self, **failures: list[KafkaError | BufferError]) -> None:
        self._failures = failures
        self.calls: list[str] = []
        self.undelivered: list[Callable[[KafkaError | None, Any], None]] = []

    def __getattr__(self, name: str) -> Callable[..., None]:
        def call(*arguments: Any, **named: Any) -> None:
            self.calls.append(name)
            if self._failures.get(name):
                failure = self._failures[name].pop(0)
                raise failure if isinstance(failure, BufferError) else KafkaException(failure)
            if name == "produce":
                self.undelivered.append(named["on_delivery"])

        return call


def transactions(producer: Producer, waits: list[float]) -> Transactions:
    return Transactions(producer, lambda: "group", waits.append)  # type: ignore[arg-type]  # the stand-in


def run(producer: Producer, waits: list[float]) -> None:
    under_test = transactions(producer, waits)
    under_test.initialise()
    under_test.begin()
    under_test.produce(OUTPUT)
    under_test.commit(OFFSETS)


ALL = ["init_transactions", "begin_transaction", "produce", "poll", "send_offsets_to_transaction", "commit_transaction"]
CALLS = [name for name in ALL if name not in ("produce", "poll")]


def test_all_goes_well() -> None:
    producer, waits = Producer(), list[float]()
    run(producer, waits)
    assert producer.calls == ALL
    assert waits == []


@pytest.mark.parametrize("name", CALLS)
def test_a_retriable_error_repeats_the_same_call(name: str) -> None:
    producer, waits = Producer(**{name: [RETRIABLE, RETRIABLE]}), list[float]()
    run(producer, waits)
    assert producer.calls.count(name) == 3
    assert set(producer.calls) == set(ALL)
    assert waits == list(BACKOFF[:2])


@pytest.mark.parametrize("name", CALLS)
def test_retriable_errors_are_not_borne_for_ever(name: str) -> None:
    producer = Producer(**{name: [RETRIABLE] * 1000})
    with pytest.raises(KafkaException, match="slow"):
        run(producer, [])
    assert producer.calls.count(name) == len(BACKOFF) + 1
    assert "abort_transaction" not in producer.calls


@pytest.mark.parametrize("name", ["send_offsets_to_transaction", "commit_transaction"])
def test_an_abortable_error_aborts(name: str) -> None:
    producer = Producer(**{name: [ABORTABLE]})
    with pytest.raises(TransactionAbortedError, match="lost"):
        run(producer, [])
    assert producer.calls[-2:] == [name, "abort_transaction"]


@pytest.mark.parametrize("name", CALLS)
@pytest.mark.parametrize("error", [FATAL, OTHER])
def test_any_other_error_ends_the_process(name: str, error: KafkaError) -> None:
    producer = Producer(**{name: [error]})
    with pytest.raises(KafkaException) as raised:
        run(producer, [])
    assert raised.value.args[0] == error
    assert producer.calls[-1] == name


def test_an_abort_is_repeated_too() -> None:
    producer, waits = Producer(commit_transaction=[ABORTABLE], abort_transaction=[RETRIABLE]), list[float]()
    with pytest.raises(TransactionAbortedError):
        run(producer, waits)
    assert producer.calls.count("abort_transaction") == 2
    assert len(waits) == 1


@pytest.mark.parametrize("error", [FATAL, ABORTABLE])
def test_an_abort_that_fails_ends_the_process(error: KafkaError) -> None:
    with pytest.raises(KafkaException):
        run(Producer(commit_transaction=[ABORTABLE], abort_transaction=[error]), [])


def test_a_full_queue_is_polled_until_there_is_room() -> None:
    producer = Producer(produce=[BufferError(), BufferError()])
    run(producer, [])
    assert producer.calls.count("produce") == 3
    assert "abort_transaction" not in producer.calls


def test_a_record_refused_by_the_client_aborts() -> None:
    producer = Producer(produce=[KafkaError(KafkaError.MSG_SIZE_TOO_LARGE)])
    with pytest.raises(TransactionAbortedError, match="out"):
        run(producer, [])
    assert producer.calls[-1] == "abort_transaction"


def test_a_fatal_error_on_a_record_ends_the_process() -> None:
    producer = Producer(produce=[FATAL])
    with pytest.raises(KafkaException, match="fenced"):
        run(producer, [])
    assert "abort_transaction" not in producer.calls


def test_a_transaction_may_hold_no_offsets() -> None:
    producer = Producer()
    under_test = transactions(producer, [])
    under_test.begin()
    under_test.produce(OUTPUT)
    under_test.commit()
    assert producer.calls[-1] == "commit_transaction"
    assert "send_offsets_to_transaction" not in producer.calls


class Refused:
    def topic(self) -> str:
        return "out"


def test_a_record_refused_by_kafka_aborts_before_anything_is_committed() -> None:
    producer = Producer()
    under_test = transactions(producer, [])
    under_test.begin()
    under_test.produce(OUTPUT)
    producer.undelivered[0](KafkaError(KafkaError.MSG_SIZE_TOO_LARGE), Refused())
    with pytest.raises(TransactionAbortedError, match="refused"):
        under_test.commit(OFFSETS)
    assert "commit_transaction" not in producer.calls
    under_test.begin()  # the next one knows nothing of it
    under_test.produce(OUTPUT)
    under_test.commit(OFFSETS)
    assert producer.calls[-1] == "commit_transaction"
