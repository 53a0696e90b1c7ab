"""Reads dead letters back: what `consumers.worker.dead_letters` wrote."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from consumers.bounded_read import read, since, whole
from consumers.names import ATTEMPT_HEADER, DEAD, ORIGIN_HEADER
from consumers.printable import printable
from consumers.worker.batch import Record
from consumers.worker.dead_letters import (
    DETAIL_HEADER,
    PREFIX,
    REASON_HEADER,
    SURVEY_HEADER,
    TIMESTAMP_HEADER,
    VERSION_HEADER,
    WORKER_HEADER,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from confluent_kafka import Message

    from consumers.worker.batch import Headers


@dataclass(frozen=True, slots=True, eq=False)
class DeadLetter:
    """One record that could not be read.

    Attributes
    ----------
    origin : str
        ``topic/partition/offset`` at which it was first received.
    attempt : int
        How often it was tried.
    reason, detail, worker, version : str
        Why it died, and who says so; made printable, since details quote packets.
    survey : str or None
        The one configured for its topic.
    died : datetime
        UTC.
    published : datetime or None
        The record's own time, UTC.
    key, value : bytes or None
        As they were received.
    headers : tuple of (str, bytes or None)
        The record's own, without ours.
    """

    origin: str
    attempt: int
    reason: str
    detail: str
    worker: str
    version: str
    survey: str | None
    died: datetime
    published: datetime | None
    key: bytes | None
    value: bytes | None
    headers: Headers

    @property
    def topic(self) -> str:
        """The topic at which it was first received."""
        return self.origin.split("/", 1)[0]

    @classmethod
    def of(cls, message: Message) -> DeadLetter:
        """Take a message of the dead-letter topic apart."""
        died = _time(message.timestamp()[1])
        record = Record.of(message, died)
        ours = {
            name: (value or b"").decode("utf-8", "replace") for name, value in record.headers if name.startswith(PREFIX)
        }
        published = _number(ours.get(TIMESTAMP_HEADER, ""))
        return cls(
            origin=printable(ours.get(ORIGIN_HEADER, "")),
            attempt=_number(ours.get(ATTEMPT_HEADER, "")) or 1,
            reason=printable(ours.get(REASON_HEADER, "")),
            detail=printable(ours.get(DETAIL_HEADER, "")),
            worker=printable(ours.get(WORKER_HEADER, "")),
            version=printable(ours.get(VERSION_HEADER, "")),
            survey=printable(ours[SURVEY_HEADER]) if SURVEY_HEADER in ours else None,
            died=died,
            published=None if published is None else _time(published),
            key=record.key,
            value=record.value,
            headers=tuple((name, value) for name, value in record.headers if not name.startswith(PREFIX)),
        )


@dataclass(frozen=True, slots=True)
class Selection:
    """Which dead letters are meant; what is None does not matter.

    Attributes
    ----------
    reason : str or None
        A `schemas.errors.DeadReason`.
    topic : str or None
        Where they were first received.
    origin : str or None
        The one of this origin.
    start, end : datetime or None
        When they died, aware: from ``start`` on and before ``end``.
    """

    reason: str | None = None
    topic: str | None = None
    origin: str | None = None
    start: datetime | None = None
    end: datetime | None = None

    def holds(self, letter: DeadLetter) -> bool:
        """Whether a letter is one of them."""
        return (
            self.reason in (None, letter.reason)
            and self.topic in (None, letter.topic)
            and self.origin in (None, letter.origin)
            and (self.start is None or letter.died >= self.start)
            and (self.end is None or letter.died < self.end)
        )


def dead_letters(config: Mapping[str, str], selection: Selection) -> Iterator[DeadLetter]:
    """Yield the dead letters of a cluster that are committed now, in order within each partition.

    Parameters
    ----------
    config : mapping of str to str
        Options of the client, from `KafkaSettings.client_config`.
    selection : Selection

    Raises
    ------
    ConfigurationError
        There is no such topic.
    """
    spans = whole(config, [DEAD])
    if selection.start is not None:
        spans = since(config, spans, selection.start.timestamp())
    yield from filter(selection.holds, map(DeadLetter.of, read(config, spans)))


def _number(text: str) -> int | None:
    """Read a count or a time; None where a damaged header is none."""
    return int(text) if text.isdecimal() and len(text) < 20 else None


def _time(milliseconds: int) -> datetime:
    """Return a time that came with a packet; damaged ones lie beyond the calendar."""
    try:
        return datetime.fromtimestamp(milliseconds / 1000, UTC)
    except (OverflowError, ValueError, OSError):
        return datetime.fromtimestamp(0, UTC)
