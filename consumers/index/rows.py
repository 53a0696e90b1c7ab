"""What `sosia.embeddings.v1` holds: committed rows, of which survey and backbone they are."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

import structlog

from broker.embedding_record import EmbeddingReader
from consumers.bounded_read import read, whole
from consumers.names import EMBEDDINGS
from schemas.errors import DeadReason, NoveltyIndexError, UnreadableError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from confluent_kafka import Message

    from broker.novelty.sighting import Sighting
    from consumers.bounded_read import Span
    from schemas.source import SchemaSource

log = structlog.get_logger()

Decoded = TypeVar("Decoded")


class Rows:
    """Reads the topic's rows between fixed offsets, as often as asked.

    Parameters
    ----------
    config : mapping of str to str
        Options of a Kafka client.
    source : SchemaSource or None
        Where the schemas of rows in wire format come from.
    """

    def __init__(self, config: Mapping[str, str], source: SchemaSource | None = None) -> None:
        self._config = config
        self._reader = EmbeddingReader(source)
        self.spans: Sequence[Span] = whole(config, [EMBEDDINGS])

    def newest_origins(self) -> dict[str, str]:
        """Return the backbone digest of each survey's newest rows: what its workers use now."""
        written: dict[tuple[str, str], int] = {}
        for message in read(self._config, self.spans):
            origin = self._decoded(message, self._reader.origin)
            if origin is not None:
                written[origin] = max(written.get(origin, 0), message.timestamp()[1])
        return dict(sorted(written, key=lambda origin: written[origin]))

    def sightings(self, survey: str, digest: str) -> Iterator[Sighting]:
        """Yield the rows of a survey and backbone."""
        for message in read(self._config, self.spans):
            one = self._decoded(message, self._reader.sighting)
            if one is not None and (one.population.survey, one.digest) == (survey, digest):
                yield one

    def _decoded(self, message: Message, decode: Callable[[bytes], Decoded]) -> Decoded | None:
        """Decode a row; one that is damaged is left out, and told."""
        try:
            return decode(message.value() or b"")
        except UnreadableError as error:
            if error.reason is DeadReason.SCHEMA_UNKNOWN:  # then no row at all can be read
                raise NoveltyIndexError(f"{EMBEDDINGS}: {error}; set registry.url to the workers' registry") from error
            log.warning("no row", place=f"{message.topic()}/{message.partition()}/{message.offset()}", error=str(error))
        except NoveltyIndexError as error:
            log.warning("no row", place=f"{message.topic()}/{message.partition()}/{message.offset()}", error=str(error))
        return None
