"""Decoding and inference of batches, each in a thread of its own, ahead of the main thread that commits them.

::

    main thread          decode thread        inference thread        main thread
    poll, fill a batch ─▶ bytes to packets ─▶ packets to outputs ─▶ commit, in order

The batches in between are bounded: a full pipeline takes no more, and the main thread pauses the input.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import structlog

from consumers.metrics import Stage
from schemas.errors import SchemaSourceDownError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from consumers.metrics import Metrics
    from consumers.worker.batch import Decoded, Outcome, Record

log = structlog.get_logger()

#: Waits before a silent schema source is asked again [s]; the last one repeats.
BACKOFF = (0.1, 0.2, 0.5, 1.0, 2.0, 5.0)


class _DroppedError(Exception):
    """The batch is no longer wanted."""


@dataclass(frozen=True, slots=True)
class _Flight:
    """A batch on its way."""

    outcomes: Future[list[Outcome]]
    dropped: threading.Event = field(default_factory=threading.Event)


class Pipeline:
    """Turns batches of records into outcomes, in order.

    An error in a thread that is none of the data's comes out of `finished`: it is meant to end the process,
    since a batch that can be neither annotated nor dead-lettered must not be passed over.

    Parameters
    ----------
    decode : callable
        One record in, a packet or a dead letter out; called in the decode thread.
    annotate : callable
        A batch of those in, outcomes in the same order out; called in the inference thread.
    depth : int
        Batches on their way at most.
    metrics : Metrics
    measured : callable, optional
        Is told the length of each batch, and the seconds that the inference thread took for it.
    """

    def __init__(
        self,
        decode: Callable[[Record], Decoded],
        annotate: Callable[[Sequence[Decoded]], list[Outcome]],
        depth: int,
        metrics: Metrics,
        measured: Callable[[int, float], object] = lambda *_: None,
    ) -> None:
        self._measured = measured
        self._decode = decode
        self._annotate = annotate
        self._depth = depth
        self._metrics = metrics
        self._decoder = ThreadPoolExecutor(1, "decode")
        self._inferrer = ThreadPoolExecutor(1, "inference")
        self._flights: deque[_Flight] = deque()
        self._source_down = threading.Event()

    @property
    def full(self) -> bool:
        """Whether it takes no more."""
        return len(self._flights) >= self._depth

    @property
    def half_empty(self) -> bool:
        """Whether it took in enough to be worth resuming a paused input, which has to be fetched anew."""
        return len(self._flights) <= self._depth // 2

    @property
    def empty(self) -> bool:
        """Whether nothing is on its way."""
        return not self._flights

    @property
    def source_down(self) -> bool:
        """Whether decoding waits for a schema source that does not answer."""
        return self._source_down.is_set()

    def submit(self, records: Sequence[Record]) -> None:
        """Send a batch on its way; only where it is not `full`."""
        assert not self.full
        dropped = threading.Event()
        decoded = self._decoder.submit(self._decode_batch, records, dropped)
        self._flights.append(_Flight(self._inferrer.submit(self._annotate_batch, decoded, dropped), dropped))

    def finished(self) -> list[Outcome] | None:
        """Take the oldest batch, or None where it is still on its way."""
        if self._flights and self._flights[0].outcomes.done():
            return self._flights.popleft().outcomes.result()
        return None

    def wait(self, seconds: float) -> None:
        """Wait until the oldest batch is finished, but no longer than told."""
        if self._flights:
            wait([self._flights[0].outcomes], seconds)

    def drop(self) -> None:
        """Forget everything on its way; what a thread is busy with just now is finished in vain."""
        while self._flights:
            flight = self._flights.popleft()
            flight.dropped.set()
            flight.outcomes.cancel()

    def close(self) -> None:
        """Forget everything, and end the threads."""
        self.drop()
        for executor in (self._decoder, self._inferrer):
            executor.shutdown(wait=False, cancel_futures=True)

    def _decode_batch(self, records: Sequence[Record], dropped: threading.Event) -> list[Decoded]:
        with self._metrics.time(Stage.DECODE):
            return [self._decode_patiently(record, dropped) for record in records]

    def _decode_patiently(self, record: Record, dropped: threading.Event) -> Decoded:
        """Decode a record, however long the schema source is silent: its silence says nothing about the record."""
        attempt = 0
        while not dropped.is_set():
            try:
                decoded = self._decode(record)
            except SchemaSourceDownError as error:
                pause = BACKOFF[min(attempt, len(BACKOFF) - 1)]
                log.warning("schema source down", error=str(error), wait=pause)
                self._source_down.set()
                dropped.wait(pause)
                attempt += 1
            else:
                self._source_down.clear()
                return decoded
        self._source_down.clear()
        raise _DroppedError

    def _annotate_batch(self, decoded: Future[list[Decoded]], dropped: threading.Event) -> list[Outcome]:
        batch = decoded.result()
        if dropped.is_set():
            raise _DroppedError
        self._metrics.batch(len(batch))
        started = time.perf_counter()
        outcomes = self._annotate(batch)
        self._measured(len(batch), time.perf_counter() - started)
        return outcomes
