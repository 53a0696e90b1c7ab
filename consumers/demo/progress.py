"""Follows a worker from outside, by what it commits, until all of its input is done."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

from confluent_kafka import OFFSET_BEGINNING, Consumer, KafkaException, TopicPartition

from consumers.bounded_read import Span
from consumers.names import LEDGER
from schemas.errors import SosiaError
from schemas.own import unpack

# Without any commit for so long, something is wrong; loading the network and its first batch fall into it [s].
STALLED_S = 180.0
POLL_S = 0.25


@dataclass(frozen=True, slots=True)
class Done:
    """Records that are done so far, by what became of them."""

    annotated: int = 0
    dead: int = 0
    skipped: int = 0

    @property
    def records(self) -> int:
        """All of them."""
        return self.annotated + self.dead + self.skipped


def follow(
    config: Mapping[str, str],
    group: str,
    spans: list[Span],
    check: Callable[[], None],
    clock: Callable[[], float] = time.monotonic,
) -> Iterator[Done]:
    """Yield how far the workers are, until they have committed the end of every input partition.

    The counts are read off the ledger, the end off the group's committed offsets.

    Parameters
    ----------
    config : mapping of str to str
        Options of the client.
    group : str
        The workers' consumer group.
    spans : list of Span
        The inputs.
    check : callable
        Asked now and then; raises where waiting makes no sense any more.
    clock : callable, optional
        Seconds from any fixed moment, never set back.

    Raises
    ------
    SosiaError
        Nothing was committed for `STALLED_S` seconds.
    """
    ends = {(span.topic, span.partition): span.end for span in spans if span.end > span.start}
    done, moved, ending = Done(), clock(), False
    with _ledger(config, group) as consumer:
        while True:
            message = consumer.poll(POLL_S)
            if message is not None:
                if (error := message.error()) is not None:
                    raise KafkaException(error)
                row = unpack("ledger", message.value() or b"")
                done = Done(done.annotated + row["annotated"], done.dead + row["dead"], done.skipped + row["skipped"])
                moved = clock()
                yield done
                continue
            check()
            left = sum(end - max(at, 0) for (_, end), at in zip(ends.items(), _committed(consumer, ends), strict=True))
            if left <= 0 and ending:
                return
            # Once more: the last rows may have been committed since the ledger was asked.
            ending = left <= 0
            if clock() - moved > STALLED_S:
                raise SosiaError(f"the worker has committed nothing for {STALLED_S:g} s, and {left} records are left")
            yield done


@contextmanager
def _ledger(config: Mapping[str, str], group: str) -> Iterator[Consumer]:
    consumer = Consumer(
        {
            **config,
            "group.id": group,  # not joined: it is only asked what it has committed
            "enable.auto.commit": "false",
            "isolation.level": "read_committed",
            "allow.auto.create.topics": "false",
        }
    )
    try:
        partitions = consumer.list_topics(LEDGER, timeout=30.0).topics[LEDGER].partitions
        consumer.assign([TopicPartition(LEDGER, number, OFFSET_BEGINNING) for number in partitions])
        yield consumer
    finally:
        consumer.close()


def _committed(consumer: Consumer, ends: Mapping[tuple[str, int], int]) -> list[int]:
    wanted = [TopicPartition(topic, partition) for topic, partition in ends]
    return [one.offset for one in consumer.committed(wanted, timeout=30.0)]
