"""Kafka's error protocol, with a producer that fails as told: real errors of each kind are rare, and not repeatable."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import pytest
from confluent_kafka import KafkaError, KafkaException, TopicPartition

from consumers.worker.batch import Output
from consumers.worker.transaction import BACKOFF, TransactionAbortedError, Transactions
from schemas.errors import ConfigurationError

INIT, BEGIN, PRODUCE, FLUSH = "init_transactions", "begin_transaction", "produce", "flush"
OFFSETS_CALL, COMMIT, ABORT = "send_offsets_to_transaction", "commit_transaction", "abort_transaction"

RETRIABLE = KafkaError(KafkaError._TIMED_OUT, "slow", retriable=True)
ABORTABLE = KafkaError(KafkaError._INCONSISTENT, "lost", txn_requires_abort=True)
FATAL = KafkaError(KafkaError._FATAL, "forbidden", fatal=True)
FORBIDDEN = KafkaError(KafkaError.TRANSACTIONAL_ID_AUTHORIZATION_FAILED, "forbidden", fatal=True)
FENCED = KafkaError(KafkaError._FENCED, "fenced", fatal=True)
OTHER = KafkaError(KafkaError._STATE, "wrong")

OUTPUT = Output("out", b"key", b"value", (("name", b"value"),))
OFFSETS = [TopicPartition("in", 0, 5)]


class Producer:
    """Fails as told, and notes what it was asked."""

    def __init__(self, **failures: Sequence[KafkaError | BufferError]) -> None:
        self._failures = {name: list(errors) for name, errors in failures.items()}
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
    return Transactions(producer, lambda: "group", waits.append, "sosia-scorers-first")  # type: ignore[arg-type]  # the stand-in


def run(producer: Producer, waits: list[float]) -> None:
    under_test = transactions(producer, waits)
    under_test.initialise()
    under_test.begin()
    under_test.produce(OUTPUT)
    under_test.commit(OFFSETS)


ALL = [INIT, BEGIN, PRODUCE, "poll", FLUSH, OFFSETS_CALL, COMMIT]
CALLS = [INIT, BEGIN, OFFSETS_CALL, COMMIT]


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
    assert ABORT not in producer.calls


@pytest.mark.parametrize("name", [BEGIN, PRODUCE, OFFSETS_CALL, COMMIT])
def test_an_abortable_error_aborts(name: str) -> None:
    producer = Producer(**{name: [ABORTABLE]})
    with pytest.raises(TransactionAbortedError, match="lost"):
        run(producer, [])
    assert producer.calls[-2:] == [name, ABORT]


def test_at_the_start_there_is_nothing_to_abort() -> None:
    producer = Producer(**{INIT: [ABORTABLE]})
    with pytest.raises(KafkaException, match="lost"):
        run(producer, [])
    assert producer.calls == [INIT]


@pytest.mark.parametrize("name", CALLS)
@pytest.mark.parametrize("error", [FATAL, FENCED, OTHER])
def test_any_other_error_ends_the_process(name: str, error: KafkaError) -> None:
    producer = Producer(**{name: [error]})
    with pytest.raises(KafkaException) as raised:
        run(producer, [])
    assert raised.value.args[0] == error
    assert producer.calls[-1] == name


def test_an_id_that_is_not_allowed_is_named() -> None:
    with pytest.raises(ConfigurationError, match="right to Write transactional id sosia-scorers-first"):
        run(Producer(**{INIT: [FORBIDDEN]}), [])


def test_a_topic_that_is_not_allowed_is_named_and_not_tried_again() -> None:
    producer = Producer()
    under_test = transactions(producer, [])
    under_test.begin()
    under_test.produce(OUTPUT)
    producer.undelivered[0](KafkaError(KafkaError.TOPIC_AUTHORIZATION_FAILED), Refused())
    with pytest.raises(ConfigurationError, match="out: a record was refused"):
        under_test.commit(OFFSETS)
    assert producer.calls[-1] == ABORT


def test_an_abort_is_repeated_too() -> None:
    producer, waits = Producer(commit_transaction=[ABORTABLE], abort_transaction=[RETRIABLE]), list[float]()
    with pytest.raises(TransactionAbortedError):
        run(producer, waits)
    assert producer.calls.count(ABORT) == 2
    assert len(waits) == 1


@pytest.mark.parametrize("error", [FATAL, FENCED, ABORTABLE, OTHER])
def test_an_abort_that_fails_ends_the_process(error: KafkaError) -> None:
    with pytest.raises(KafkaException) as raised:
        run(Producer(commit_transaction=[ABORTABLE], abort_transaction=[error]), [])
    assert raised.value.args[0] == error


def test_a_full_queue_is_polled_until_there_is_room() -> None:
    producer = Producer(produce=[BufferError(), BufferError()])
    run(producer, [])
    assert producer.calls.count("produce") == 3
    assert ABORT not in producer.calls


def test_a_record_refused_by_the_client_aborts() -> None:
    producer = Producer(produce=[KafkaError(KafkaError.MSG_SIZE_TOO_LARGE)])
    with pytest.raises(TransactionAbortedError, match="out"):
        run(producer, [])
    assert producer.calls[-1] == ABORT


@pytest.mark.parametrize("error", [RETRIABLE, OTHER])
def test_whatever_else_is_wrong_with_a_record_aborts(error: KafkaError) -> None:
    with pytest.raises(TransactionAbortedError, match="out"):
        run(Producer(produce=[error]), [])


@pytest.mark.parametrize("error", [FATAL, FENCED])
def test_a_fatal_error_on_a_record_ends_the_process(error: KafkaError) -> None:
    producer = Producer(produce=[error])
    with pytest.raises(KafkaException) as raised:
        run(producer, [])
    assert raised.value.args[0] == error
    assert ABORT not in producer.calls


def test_a_transaction_may_hold_no_offsets() -> None:
    producer = Producer()
    under_test = transactions(producer, [])
    under_test.begin()
    under_test.produce(OUTPUT)
    under_test.commit()
    assert producer.calls[-1] == COMMIT
    assert OFFSETS_CALL not in producer.calls


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
    assert OFFSETS_CALL not in producer.calls  # librdkafka would hang in it
    assert COMMIT not in producer.calls
    under_test.begin()  # the next one knows nothing of it
    under_test.produce(OUTPUT)
    under_test.commit(OFFSETS)
    assert producer.calls[-1] == COMMIT
