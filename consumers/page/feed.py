"""Fills the board from the scores topics, those that are made meanwhile too; where the cluster is away, asks again."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Self

import structlog
from confluent_kafka import KafkaException

from consumers.bounded_read import topics_of
from consumers.client import subscribe
from consumers.finite import finite
from consumers.names import scores
from consumers.rights import no_topic
from schemas.errors import SosiaError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from consumers.client import Alerts
    from consumers.page.board import Board
    from schemas.source import SchemaSource

log = structlog.get_logger()

#: Wait before a cluster that failed is asked again [s].
RETRY_S = 3.0
#: How often it is asked for new topics [s].
LOOK_S = 10.0
#: An annotation has some 2 kB, with its schema 9; larger ones are nobody's, and memory is bounded.
LARGEST = 100_000


class Feed:
    """Reads while the block under ``with`` runs.

    Parameters
    ----------
    board : Board
    config : mapping of str to str
        Options of the client.
    surveys : sequence of str
        Whose scores; empty for all that there are and will be.
    source : SchemaSource or None
        Where schemas of wire format come from.
    look : float, optional
        How often it is asked for new topics [s].
    """

    def __init__(
        self,
        board: Board,
        config: Mapping[str, str],
        surveys: Sequence[str],
        source: SchemaSource | None,
        look: float = LOOK_S,
    ) -> None:
        self._board, self._config, self._surveys, self._source = board, config, surveys, source
        self._look = look
        self._ended = threading.Event()
        self._alerts: Alerts | None = None
        self._topics: list[str] = []
        self._threads = [
            threading.Thread(target=run, name=run.__name__, daemon=True) for run in (self._run, self._watch)
        ]

    def __enter__(self) -> Self:
        """Start to read."""
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        """End, within a second."""
        self._ended.set()
        self._stop_reading()
        for thread in self._threads:
            thread.join(timeout=10)

    def _run(self) -> None:
        while not self._ended.is_set():
            try:
                self._topics = self._find_topics()
                if self._topics:
                    self._read()
                    continue
                missing = scores(self._surveys[0] if self._surveys else "SURVEY")
                self._board.problem = no_topic(self._config, missing)
            except (SosiaError, KafkaException) as error:
                self._board.problem = str(error)
                log.warning("cannot read scores", error=str(error))
            except Exception as error:  # a bug: the page must not go on as if nothing came any more
                self._board.problem = f"the page reads no more: {type(error).__name__}: {error}; start it again"
                raise
            self._ended.wait(RETRY_S)

    def _watch(self) -> None:
        """End the reading where there is a new topic, so that it starts anew with all of them."""
        while not self._ended.wait(self._look):
            try:
                found = self._find_topics()
            except (SosiaError, KafkaException):  # the reader meets and tells it too
                continue
            if set(found) - set(self._topics):
                self._stop_reading()

    def _find_topics(self) -> list[str]:
        there = topics_of(self._config)
        wanted = {scores(survey) for survey in self._surveys}
        return sorted(
            topic for topic in there
            if (topic in wanted if wanted else topic.startswith("sosia.") and topic.endswith(".scores.v1"))
        )  # fmt: skip

    def _stop_reading(self) -> None:
        if self._alerts is not None:
            self._alerts.stop()

    def _read(self) -> None:
        """Take in what the topics hold and get; what is on the board already stays as it is."""
        with subscribe(
            self._topics,
            self._config["bootstrap.servers"],
            last=self._board.capacity,
            options=self._config,
            registry=self._source,
        ) as self._alerts:
            self._board.problem = None
            if self._ended.is_set():  # before there was a subscription to stop
                return
            for alert in self._alerts:
                if len(alert.payload) <= LARGEST:
                    origin = alert.origin or f"{alert.topic}/{alert.partition}/{alert.offset}"
                    self._board.add(alert.topic, alert.partition, alert.time, origin, finite(alert.annotation))
                if self._ended.is_set():
                    return
