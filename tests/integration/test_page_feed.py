"""What the page reads: topics that are made after it was started too."""

from __future__ import annotations

import json
import uuid

from confluent_kafka import Producer

from consumers.names import scores
from consumers.page.board import Board
from consumers.page.feed import Feed
from ops.local_kafka import LocalKafka
from schemas.framing import container
from schemas.own import pack
from tests.consumers.client.annotations import annotation
from tests.integration.workers import WITHIN, wait_until


def test_topics_made_after_the_start_are_read_too(kafka: LocalKafka) -> None:
    config = {"bootstrap.servers": kafka.bootstrap}
    surveys = [f"made{number}-{uuid.uuid4().hex[:8]}" for number in range(2)]
    producer, board = Producer(config), Board(10)

    def publish(survey: str, number: int) -> None:
        producer.produce(scores(survey), pack("annotation", annotation(number, survey=survey)))
        assert producer.flush(WITHIN) == 0

    with Feed(board, config, surveys, None, look=0.2):
        wait_until(lambda: "no topic" in (board.problem or ""))
        for made, survey in enumerate(surveys, 1):
            kafka.create_topics({scores(survey): 1})
            publish(survey, made)
            wait_until(lambda made=made: board.received == made)
            assert board.problem is None
        publish(surveys[0], 3)
        wait_until(lambda: board.received == 3)
    assert [entry.annotation["epochId"] for entry in board.entries()] == ["3", "2", "1"]


def test_a_record_that_only_bears_an_annotations_name_is_passed_over(kafka: LocalKafka) -> None:
    config = {"bootstrap.servers": kafka.bootstrap}
    survey = f"odd-{uuid.uuid4().hex[:8]}"
    kafka.create_topics({scores(survey): 1})
    field = {"name": "objectId", "type": "string"}
    schema = {"type": "record", "name": "Annotation", "namespace": "sosia", "fields": [field]}
    producer, board = Producer(config), Board(10)
    for value in (
        container(json.dumps(schema), b"\x02a"),
        pack("annotation", annotation(1, survey=survey)),
    ):
        producer.produce(scores(survey), value)
    assert producer.flush(WITHIN) == 0
    with Feed(board, config, [survey], None):
        wait_until(lambda: board.received == 1)
    assert [entry.annotation["epochId"] for entry in board.entries()] == ["1"]
