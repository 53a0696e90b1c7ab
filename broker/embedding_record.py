"""One row of ``sosia.embeddings.v1``: written of a finding, and read back as a row of the history."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np

import schemas
from broker.history.history import Epoch, Row, Series
from broker.novelty.sighting import SCIENCE, Sighting
from schemas.errors import DeadReason, UnreadableError
from schemas.framing import Unframer
from schemas.own import pack

if TYPE_CHECKING:
    from collections.abc import Iterable

    from broker.annotator import Finding
    from schemas.source import SchemaSource

_NAME = "sosia.Embedding"
_HALF = np.dtype("<f2")
_READ = ("survey", "objectId", "epochId", "band", "mjd", "image", "backboneDigest", "embedding", "inHistory")


def embedding_record(finding: Finding, wire_id: int | None = None, image: str = SCIENCE) -> bytes | None:
    """Return the row of the science image, or of the reference; None where it was not embedded.

    Parameters
    ----------
    finding : Finding
    wire_id : int or None
        The registry's number of ``schemas/embedding.avsc``; None writes an object container.
    image : {"science", "reference"}
    """
    science = image == SCIENCE
    embedding = finding.embedding if science else finding.reference_embedding
    if embedding is None:
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
        "image": image,
        "backboneDigest": annotation.backbone.digest,
        "embedding": embedding.astype(_HALF, copy=False).tobytes(),
        # What is said of the epoch is said of its science image.
        "problematic": annotation.epoch.problematic if science else None,
        "inHistory": finding.in_history and science,
        "scores": [
            {"classifier": one.classifier, "version": one.version, "score": one.score}
            for one in annotation.classifications
            if science and one.score is not None
        ],
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
        row = self._fields(payload, _READ)
        if not row["inHistory"] or row["image"] != SCIENCE:
            return None
        if row["mjd"] is None or len(row["embedding"]) % _HALF.itemsize:
            raise UnreadableError(DeadReason.LENGTHS, "a row of the history without a time, or with half a number")
        return Row(
            Series(row["survey"], row["objectId"], row["band"] or "", row["backboneDigest"]),
            Epoch(row["epochId"], row["mjd"], np.frombuffer(row["embedding"], _HALF).astype(np.float16, copy=False)),
        )

    def sighting(self, payload: bytes) -> Sighting:
        """Return the row as the novelty index takes it in.

        Raises
        ------
        UnreadableError, SchemaSourceDownError
            As above.
        NoveltyIndexError
            It holds half a number.
        """
        return Sighting.from_record(self._fields(payload))

    def origin(self, payload: bytes) -> tuple[str, str]:
        """Return only the row's survey and backbone digest; raises as above."""
        row = self._fields(payload, ("survey", "backboneDigest"))
        return row["survey"], row["backboneDigest"]

    def _fields(self, payload: bytes, names: Iterable[str] | None = None) -> dict[str, Any]:
        """Decode some fields, or all that the row's own version of the schema has."""
        framed = self._unframer.unframe(payload)
        if framed.schema.name != _NAME:
            raise UnreadableError(DeadReason.SURVEY_MISMATCH, f"a {framed.schema.name} is no {_NAME}")
        if lacking := _always() - set(framed.schema.fields):
            raise UnreadableError(DeadReason.SURVEY_MISMATCH, f"a {_NAME} without {', '.join(sorted(lacking))}")
        spans = framed.schema.spans(framed.body)
        return {name: framed.schema.decode(framed.body, spans, name) for name in names or spans}


@cache
def _always() -> frozenset[str]:
    """Return the fields that every version has."""
    return frozenset(one["name"] for one in schemas.load("embedding")["fields"] if "default" not in one)
