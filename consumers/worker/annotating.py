"""The worker's two steps on data: a record becomes a packet or a dead letter, a batch of packets becomes outputs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from broker.embedding_record import embedding_record
from broker.novelty.sighting import REFERENCE, SCIENCE
from consumers.metrics import Stage
from consumers.worker.batch import Annotated, Dead, Readable
from schemas.errors import DeadReason, UnreadableError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from broker.annotator import Annotator, Finding
    from broker.output import Splicer
    from broker.reader import Reader
    from consumers.metrics import Metrics
    from consumers.worker.batch import Decoded, Outcome, Record
    from consumers.worker.output_schemas import OutputSchemas


class Decoder:
    """Reads records.

    Parameters
    ----------
    reader : Reader
    schemas : OutputSchemas
        Asked here and not when encoding, so that only this step has to wait for a silent registry.
    embeddings : bool, optional
        Whether embeddings are published.
    """

    def __init__(self, reader: Reader, schemas: OutputSchemas, *, embeddings: bool = True) -> None:
        self._reader = reader
        self._schemas = schemas
        self._embeddings = embeddings

    def __call__(self, record: Record) -> Decoded:
        """Read one record; raises SchemaSourceDownError."""
        if not record.value:
            return Dead(record, DeadReason.EMPTY, "the message has no bytes" if record.value == b"" else "no value")
        try:
            packet = self._reader.read(record.value)
            # Our own first: a registry that refuses everything says nothing about the packet.
            embedding_id = self._schemas.embedding_id() if self._embeddings else None
            scores_id = self._schemas.scores_id(packet)
            packet_id = self._schemas.packet_id(packet)
        except UnreadableError as error:
            return Dead(record, error.reason, error.detail)
        return Readable(record, packet, packet_id, scores_id, embedding_id)


class Encoder:
    """Annotates the readable records of a batch and encodes what is published.

    Parameters
    ----------
    annotator : Annotator
    splicer : Splicer
    metrics : Metrics
    embeddings : bool, optional
        Whether embeddings are published.
    references : bool, optional
        The references' too.
    before : callable, optional
        Is told the records of each batch that is about to be annotated.
    """

    def __init__(
        self,
        annotator: Annotator,
        splicer: Splicer,
        metrics: Metrics,
        *,
        embeddings: bool = True,
        references: bool = False,
        before: Callable[[Sequence[Record]], object] = lambda _: None,
    ) -> None:
        self._annotator = annotator
        self._splicer = splicer
        self._metrics = metrics
        self._before = before
        self._published = (SCIENCE, REFERENCE)[: embeddings * (1 + references)]

    def __call__(self, batch: Sequence[Decoded]) -> list[Outcome]:
        """Return the outcomes, in the order of the batch."""
        readable = [decoded for decoded in batch if isinstance(decoded, Readable)]
        self._before([one.record for one in readable])
        with self._metrics.time(Stage.INFERENCE):
            findings = iter(
                self._annotator.annotate([one.packet for one in readable], [one.record.received for one in readable])
                if readable
                else ()
            )
        with self._metrics.time(Stage.ENCODE):
            return [
                self._encoded(decoded, next(findings)) if isinstance(decoded, Readable) else decoded
                for decoded in batch
            ]

    def _encoded(self, readable: Readable, finding: Finding) -> Annotated:
        packet, thin = self._splicer.both(readable.packet, finding.annotation, readable.packet_id, readable.scores_id)
        rows = (embedding_record(finding, readable.embedding_id, image) for image in self._published)
        return Annotated(
            readable.record,
            finding.annotation,
            packet,
            thin,
            tuple(row for row in rows if row is not None),
        )
