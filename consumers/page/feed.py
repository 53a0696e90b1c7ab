"""Fills the board from the scores topics, in a thread of its own; where the cluster is away, it asks again."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Self

import structlog
from confluent_kafka import KafkaException

from consumers.bounded_read import topics_of
from consumers.client import subscribe
from schemas.errors import ConfigurationError, SosiaError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from consumers.client import Alerts
    from consumers.page.board import Board
    from schemas.source import SchemaSource

log = structlog.get_logger()

#: Wait before a cluster that failed is asked again [s].
RETRY_S = 3.0
#: An annotation has some 2 kB, with its schema 9; larger ones are nobody's, and memory is bounded.
LARGEST = 100_000


def scores_topics(config: Mapping[str, str]) -> list[str]:
    """Return the scores topics that a cluster holds.

    Raises
    ------
    ConfigurationError
        There is none.
    """
    topics = sorted(topic for topic in topics_of(config) if topic.startswith("sosia.") and topic.endswith(".scores.v1"))
    if not topics:
        raise ConfigurationError(
            f"the cluster {config['bootstrap.servers']} has no topic sosia.SURVEY.scores.v1; start a worker first"
        )
    return topics


class Feed:
    """Reads while the block under ``with`` runs.

    Parameters
    ----------
    board : Board
    config : mapping of str to str
        Options of the client.
    topics : sequence of str
        Scores topics.
    source : SchemaSource or None
        Where schemas of wire format come from.
    """

    def __init__(
        self, board: Board, config: Mapping[str, str], topics: Sequence[str], source: SchemaSource | None
    ) -> None:
        self._board, self._config, self._topics, self._source = board, config, topics, source
        self._ended = threading.Event()
        self._alerts: Alerts | None = None
        self._thread = threading.Thread(target=self._run, name="feed", daemon=True)

    def __enter__(self) -> Self:
        """Start to read."""
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        """End, within a second."""
        self._ended.set()
        if self._alerts is not None:
            self._alerts.stop()
        self._thread.join(timeout=10)

    def _run(self) -> None:
        while not self._ended.is_set():
            try:
                self._read()
            except (SosiaError, KafkaException) as error:
                self._board.problem = str(error)
                log.warning("cannot read scores", error=str(error))
                self._ended.wait(RETRY_S)

    def _read(self) -> None:
        server = self._config["bootstrap.servers"]
        capacity = self._board.capacity
        topics_of(self._config)  # raises where the cluster is away: an empty topic would tell nothing
        with subscribe(
            self._topics, server, last=capacity, options=self._config, registry=self._source
        ) as self._alerts:
            self._board.problem = None
            for alert in self._alerts:
                if len(alert.payload) <= LARGEST:
                    origin = alert.origin or f"{alert.topic}/{alert.partition}/{alert.offset}"
                    self._board.add(alert.topic, alert.partition, alert.time, origin, alert.annotation)
                if self._ended.is_set():
                    return
