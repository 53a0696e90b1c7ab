"""What the page reads: topics that are made after it was started too."""

from __future__ import annotations

import asyncio
import json
import math
import uuid
from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import quote

from confluent_kafka import Producer
from starlette.requests import Request
from starlette.responses import Response

from consumers.names import ORIGIN_HEADER, scores
from consumers.page.app import Page
from consumers.page.board import Board
from consumers.page.feed import Feed
from consumers.page.summary import summary_html
from consumers.page.views import VIEWS
from ops.local_kafka import LocalKafka
from schemas.framing import container
from schemas.own import pack
from tests.consumers.client.annotations import annotation, classification, judged, novelty
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


def test_numbers_that_are_none_are_null_in_all_that_the_page_tells(kafka: LocalKafka) -> None:
    config = {"bootstrap.servers": kafka.bootstrap}
    survey = f"odd-{uuid.uuid4().hex[:8]}"
    kafka.create_topics({scores(survey): 1})
    producer, board = Producer(config), Board(10)
    for number, broken in enumerate((math.nan, math.inf, -math.inf)):
        unlike = novelty(broken, "1") | {"distance": broken, "neighbours": [{"id": "1", "distance": broken}]}
        record = annotation(
            number, object_id="a", survey=survey, mjd=broken, ra=broken, dec=broken,
            epoch=judged(broken) | {"problematic": False}, image={"maskedFraction": broken, "seeing": broken},
            classifications=[classification("streak", broken)], novelty=[unlike],
            lens={"informationContent": broken, "spread": broken},
            estimates=[{"name": "z", "value": broken, "scatter": broken, "nNeighbours": 1}],
        )  # fmt: skip
        producer.produce(scores(survey), pack("annotation", record), headers={ORIGIN_HEADER: b"a/0/%d" % number})
    assert producer.flush(WITHIN) == 0
    nothing: Any = None  # no packet is asked for
    page = Page(board, nothing, nothing)
    with Feed(board, config, [survey], None):
        wait_until(lambda: board.received == 3)
    for order in ("newest", "strongest"):
        for view in VIEWS:
            told = answer(page.alerts, f"view={view}&order={order}&where=cone(1, 2, 180) or epoch.score is None")
            assert told["matched"] == (3 if view == "newest" else 0)
            assert all(one["score"] is one["mjd"] is one["pValue"] is None for one in told["rows"])
    told = answer(page.alert, "origin=a/0/1")
    assert told["annotation"]["lens"] == {"informationContent": None, "spread": None}
    assert len(told["history"]) == 3
    assert "nan" not in summary_html(board.entries(), board, nothing)


def answer(asked: Callable[[Request], Awaitable[Response]], query: str) -> Any:
    """Return what the page answers; NaN would have been refused."""
    scope = {"type": "http", "method": "GET", "headers": [], "query_string": quote(query, safe="=&").encode()}
    return json.loads(bytes(asyncio.run(asked(Request(scope))).body))


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
