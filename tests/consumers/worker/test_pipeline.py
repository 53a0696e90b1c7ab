from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence

import pytest
from prometheus_client import CollectorRegistry

from consumers.metrics import Metrics
from consumers.worker.batch import Dead, Decoded, Outcome, Record
from consumers.worker.pipeline import Pipeline
from schemas.errors import DeadReason, SchemaSourceDownError
from tests.consumers.worker.records import record

WITHIN = 30.0


def decode(one: Record) -> Decoded:
    return Dead(one, DeadReason.FRAMING, "")


def annotate(batch: Sequence[Decoded]) -> list[Outcome]:
    return [one for one in batch if isinstance(one, Dead)]


@pytest.fixture
def make() -> Iterator[Callable[..., Pipeline]]:
    made: list[Pipeline] = []

    def build(
        decode: Callable[[Record], Decoded] = decode,
        annotate: Callable[[Sequence[Decoded]], list[Outcome]] = annotate,
        depth: int = 4,
    ) -> Pipeline:
        made.append(Pipeline(decode, annotate, depth, Metrics(CollectorRegistry(), [])))
        return made[-1]

    yield build
    for pipeline in made:
        pipeline.close()


def finished(pipeline: Pipeline) -> list[int]:
    """Offsets of the next batch, once it is there."""
    deadline = time.monotonic() + WITHIN
    while (outcomes := pipeline.finished()) is None:
        assert time.monotonic() < deadline
    return [one.record.offset for one in outcomes]


def test_batches_come_out_in_order_and_whole(make: Callable[..., Pipeline]) -> None:
    pipeline = make()
    pipeline.submit([record(0), record(1)])
    pipeline.submit([record(2)])
    assert finished(pipeline) == [0, 1]
    assert finished(pipeline) == [2]
    assert pipeline.empty
    assert pipeline.finished() is None


def test_decoding_goes_on_while_inference_is_busy(make: Callable[..., Pipeline]) -> None:
    decoded, proceed = threading.Event(), threading.Event()

    def watched(one: Record) -> Decoded:
        if one.offset == 1:
            decoded.set()
        return decode(one)

    def slow(batch: Sequence[Decoded]) -> list[Outcome]:
        assert proceed.wait(WITHIN)
        return annotate(batch)

    pipeline = make(watched, slow)
    pipeline.submit([record(0)])
    pipeline.submit([record(1)])
    assert decoded.wait(WITHIN)
    assert pipeline.finished() is None
    proceed.set()
    assert finished(pipeline) == [0]


def test_it_is_full_at_its_depth(make: Callable[..., Pipeline]) -> None:
    pipeline = make(depth=2)
    pipeline.submit([record(0)])
    assert not pipeline.full
    assert pipeline.half_empty
    pipeline.submit([record(1)])
    assert pipeline.full
    assert not pipeline.half_empty
    finished(pipeline)
    assert not pipeline.full


def test_what_is_dropped_never_comes_out(make: Callable[..., Pipeline]) -> None:
    entered, proceed = threading.Event(), threading.Event()

    def slow(one: Record) -> Decoded:
        entered.set()
        assert proceed.wait(WITHIN)
        return decode(one)

    pipeline = make(slow)
    pipeline.submit([record(0)])
    pipeline.submit([record(1)])
    assert entered.wait(WITHIN)
    pipeline.drop()
    assert pipeline.empty
    pipeline.submit([record(0)])
    proceed.set()
    assert finished(pipeline) == [0]
    assert pipeline.finished() is None


def test_a_silent_schema_source_is_asked_until_it_answers(make: Callable[..., Pipeline]) -> None:
    down = threading.Event()
    down.set()
    asked = threading.Event()

    def patient(one: Record) -> Decoded:
        if down.is_set():
            asked.set()
            raise SchemaSourceDownError("down")
        return decode(one)

    pipeline = make(patient)
    pipeline.submit([record(0)])
    assert asked.wait(WITHIN)
    deadline = time.monotonic() + WITHIN
    while not pipeline.source_down:
        assert time.monotonic() < deadline
    assert pipeline.finished() is None
    down.clear()
    assert finished(pipeline) == [0]
    assert not pipeline.source_down


def test_waiting_for_a_schema_source_ends_when_the_batch_is_dropped(make: Callable[..., Pipeline]) -> None:
    def never(one: Record) -> Decoded:
        if one.offset == 0:
            raise SchemaSourceDownError("down")
        return decode(one)

    pipeline = make(never)
    pipeline.submit([record(0)])
    pipeline.drop()
    pipeline.submit([record(1)])
    assert finished(pipeline) == [1]


@pytest.mark.parametrize("step", ["decode", "annotate"])
def test_a_bug_comes_out_where_the_batch_would(make: Callable[..., Pipeline], step: str) -> None:
    def buggy(_: object) -> list[Outcome]:
        raise ZeroDivisionError

    pipeline = make(**{step: buggy})
    pipeline.submit([record(0)])
    with pytest.raises(ZeroDivisionError):
        finished(pipeline)
