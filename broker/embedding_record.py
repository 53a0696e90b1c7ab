"""One row of ``sosia.embeddings.v1``: written of a finding, and read back as a row of the history."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from broker.history.history import Epoch, Row, Series
from schemas.errors import DeadReason, UnreadableError
from schemas.framing import Unframer, pack

if TYPE_CHECKING:
    from broker.annotator import Finding
    from schemas.source import SchemaSource

SCIENCE = "science"
_NAME = "sosia.Embedding"
_HALF = np.dtype("<f2")
_READ = ("survey", "objectId", "epochId", "band", "mjd", "image", "backboneDigest", "embedding", "inHistory")


def embedding_record(finding: Finding, wire_id: int | None = None) -> bytes | None:
    """Return the row of the science image; None where it was not embedded.

    Parameters
    ----------
    finding : Finding
    wire_id : int or None
        The registry's number of ``schemas/embedding.avsc``; None writes an object container.
    """
    if finding.embedding is None:
        return None
    annotation = finding.annotation
    record = {
        "survey": annotation.survey,
        "objectId": annotation.object_id,
        "epochId": annotation.epoch_id,
        "band": annotation.band,
        "mjd": annotation.mjd,
        "ra": annotation.ra,
        "dec": annotation.dec,
        "image": SCIENCE,
        "backboneDigest": annotation.backbone.digest,
        "embedding": finding.embedding.astype(_HALF, copy=False).tobytes(),
        "problematic": annotation.epoch.problematic,
        "inHistory": finding.in_history,
    }
    return pack("embedding", record, wire_id)


class EmbeddingReader:
    """Reads rows, whichever version of the schema wrote them.

    Parameters
    ----------
    source : SchemaSource or None
        Where the schemas of rows in wire format come from.
    """

    def __init__(self, source: SchemaSource | None = None) -> None:
        self._unframer = Unframer(source)

    def history_row(self, payload: bytes) -> Row | None:
        """Return the row as the history has it; None where it has none.

        Raises
        ------
        UnreadableError
            The bytes are no such row.
        SchemaSourceDownError
            The schema source does not answer.
        """
        framed = self._unframer.unframe(payload)
        if framed.schema.name != _NAME:
            raise UnreadableError(DeadReason.SURVEY_MISMATCH, f"a {framed.schema.name} is no {_NAME}")
        spans = framed.schema.spans(framed.body)
        row: dict[str, Any] = {field: framed.schema.decode(framed.body, spans, field) for field in _READ}
        if not row["inHistory"] or row["image"] != SCIENCE:
            return None
        if row["mjd"] is None or len(row["embedding"]) % _HALF.itemsize:
            raise UnreadableError(DeadReason.LENGTHS, "a row of the history without a time, or with half a number")
        return Row(
            Series(row["survey"], row["objectId"], row["band"] or "", row["backboneDigest"]),
            Epoch(row["epochId"], row["mjd"], np.frombuffer(row["embedding"], _HALF).astype(np.float16, copy=False)),
        )
