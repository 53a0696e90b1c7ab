"""Writes the history of objects' epochs again from ``sosia.embeddings.v1``, where a file is damaged or a server empty.

A row of the history is a pure function of packet and backbone, and stands in that topic as well, written in the
transaction of its annotation. So the history is what the topic says, as far back as Kafka keeps it.
"""

from __future__ import annotations

import time
from itertools import islice
from typing import TYPE_CHECKING

import structlog

from broker.embedding_record import EmbeddingReader
from broker.history.opening import open_history, renewed_history
from consumers.bounded_read import Span, asking, read, whole
from consumers.names import EMBEDDINGS
from consumers.registry import open_source
from schemas.errors import ConfigurationError, DeadReason, HistoryError, LostHistoryError, UnreadableError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from confluent_kafka import Message

    from broker.history.history import History, Row
    from consumers.history_settings import HistorySettings
    from consumers.settings import Settings

log = structlog.get_logger()

#: Records read, and rows written, at once: 2.5 MB.
BATCH = 1000
#: Between two lines of progress [s].
PROGRESS_S = 10.0
#: A worker that goes on meanwhile may have written rows into the damaged file that it commits only now: they come
#: after the end of the topic at the first look.
LOOKS = 2


def open_whole_history(settings: Settings, progress: Callable[[str], None] = lambda _: None) -> History:
    """Open the configured history; where it lost rows, they are written again first.

    Parameters
    ----------
    settings : Settings
        With a history's address.
    progress : callable, optional
        Is told again and again how far that is.

    Raises
    ------
    HistoryError
        It cannot be opened, or lost rows and cannot be rebuilt, since there are no embeddings to do it from.
    """
    try:
        return open_history(*_address(settings.history))
    except LostHistoryError as lost:
        log.warning("history lost", error=str(lost))
        try:
            if not settings.embeddings.publish:
                raise ConfigurationError("embeddings.publish is off")
            rebuild(settings, progress)
        except ConfigurationError as error:
            raise HistoryError(
                f"{lost}, which cannot be done: {error}. Move the file and all whose names begin with its name away, "
                "and the history grows anew, or put a backup in their place"
            ) from error
    return open_history(*_address(settings.history))


def rebuild(settings: Settings, progress: Callable[[str], None] = lambda _: None) -> int:
    """Write all the rows of ``sosia.embeddings.v1`` that have a history; a damaged file is set aside first.

    What is there already stays as it is, so that doing it again, also after it was interrupted, changes nothing.
    Where objects expire, each counts as if its last epoch had come today.

    Parameters
    ----------
    settings : Settings
    progress : callable, optional
        As above.

    Returns
    -------
    int
        Rows.

    Raises
    ------
    ConfigurationError
        There is no history, or nothing to rebuild it from.
    HistoryError
        It cannot be written, or no row can be read.
    """
    config, address = settings.kafka.client_config(), _address(settings.history)
    if not any(span.start < span.end for span in whole(config, [EMBEDDINGS])):
        raise ConfigurationError(f"{EMBEDDINGS} is empty; it fills while workers run with embeddings.publish on")
    reader = EmbeddingReader(open_source(settings.registry))
    written, told = 0, time.monotonic()
    ends: dict[int, int] = {}
    with renewed_history(*address) as history, asking(config):
        for _ in range(LOOKS):
            held = whole(config, [EMBEDDINGS])
            spans = [Span(one.topic, one.partition, ends.get(one.partition, one.start), one.end) for one in held]
            ends = {one.partition: one.end for one in held}
            total, done = sum(span.end - span.start for span in spans), 0
            messages = read(config, spans)
            while batch := list(islice(messages, BATCH)):
                rows = list(_rows(batch, reader))
                history.append(rows)
                written, done = written + len(rows), done + len(batch)
                progress(f"is being rebuilt: {done} of at most {total} records read")
                if time.monotonic() > told + PROGRESS_S:
                    told = time.monotonic()
                    log.info("rebuilding the history", rows=written, read=done, of_at_most=total)
    log.info("history rebuilt", rows=written)
    return written


def _rows(batch: Sequence[Message], reader: EmbeddingReader) -> Iterator[Row]:
    for message in batch:
        try:
            row = reader.history_row(message.value() or b"")
        except UnreadableError as error:
            if error.reason is DeadReason.SCHEMA_UNKNOWN:  # then no row at all can be read
                raise HistoryError(f"{EMBEDDINGS}: {error}; set registry.url to the workers' registry") from error
            log.warning("no row", place=f"{message.topic()}/{message.partition()}/{message.offset()}", error=str(error))
        else:
            if row is not None:
                yield row


def _address(settings: HistorySettings) -> tuple[str, int, float | None, str | None, str | None]:
    """Return what `open_history` is called with."""
    if settings.url is None:
        raise ConfigurationError("history.url: is not set; name the history that is meant")
    password = None if settings.password is None else settings.password.get_secret_value()
    return settings.url, settings.epochs, settings.expiry_s, settings.username, password
