"""Where a worker begins to read, while the partitions' leaders move."""

from __future__ import annotations

import pytest
from confluent_kafka import KafkaError, KafkaException, TopicPartition

from consumers.moved import BACKOFF
from consumers.worker.assignment import Assignment

MOVED = KafkaError(KafkaError.NOT_LEADER_FOR_PARTITION)
FORBIDDEN = KafkaError(KafkaError.TOPIC_AUTHORIZATION_FAILED)


class Consumer:
    """A partition of ten records, five of them committed; it fails as told before it answers."""

    def __init__(self, *failures: KafkaError) -> None:
        self._failures = list(failures)
        self.assigned: list[TopicPartition] = []

    def committed(self, partitions: list[TopicPartition], timeout: float) -> list[TopicPartition]:
        assert timeout > 0
        return [TopicPartition(one.topic, one.partition, 5) for one in partitions]

    def get_watermark_offsets(self, partition: TopicPartition, timeout: float) -> tuple[int, int]:
        assert timeout > 0
        assert partition.partition == 0
        if self._failures:
            raise KafkaException(self._failures.pop(0))
        return 0, 10

    def assign(self, partitions: list[TopicPartition]) -> None:
        self.assigned = partitions


def begin(consumer: Consumer) -> list[float]:
    waits: list[float] = []
    assignment = Assignment(consumer, waits.append)  # type: ignore[arg-type]  # the stand-in
    found = assignment.begin([TopicPartition("in", 0)])
    assert found["in", 0].waiting == 5
    assert [one.offset for one in consumer.assigned] == [5]
    return waits


def test_a_leader_that_moves_is_asked_for_again() -> None:
    assert begin(Consumer()) == []
    assert begin(Consumer(MOVED, MOVED)) == list(BACKOFF[:2])


@pytest.mark.parametrize("failures", [[MOVED] * (len(BACKOFF) + 1), [FORBIDDEN]])
def test_what_does_not_pass_ends_the_worker(failures: list[KafkaError]) -> None:
    with pytest.raises(KafkaException) as raised:
        begin(Consumer(*failures))
    assert raised.value.args[0] == failures[-1]
