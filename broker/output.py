"""From a packet and its annotation to the bytes that are published."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from broker.annotation import to_record
from schemas.framing import container, wire
from schemas.own import encode, frame
from schemas.writer import ANNOTATION_FIELD

if TYPE_CHECKING:
    from broker.annotation import Annotation
    from broker.packet import Packet
    from schemas.writer import WriterSchema

#: The branch of ``["null", Annotation]`` that is not null.
_PRESENT = b"\x02"


@dataclass
class Splicer:
    """Appends annotations to packets without decoding or re-encoding them.

    The derived schema is the writer's own with one more field at its end, so the
    annotation's bytes only have to follow the survey's, whatever those hold.
    """

    #: As `Unframer` remembers: schema texts are long, and damaged ones are many.
    CACHED_SCHEMAS, CACHED_BYTES = 64, 2_000_000

    _texts: dict[WriterSchema, str] = field(default_factory=dict)

    def annotated(self, packet: Packet, annotation: Annotation, wire_id: int | None = None) -> bytes:
        """Return the packet with its annotation as the last field.

        Parameters
        ----------
        packet : Packet
            As it was read.
        annotation : Annotation
            What was found.
        wire_id : int or None
            The registry's number of the derived schema; None writes an object container.
        """
        return self._spliced(packet, _encoded(annotation), wire_id)

    def both(
        self, packet: Packet, annotation: Annotation, packet_id: int | None = None, scores_id: int | None = None
    ) -> tuple[bytes, bytes]:
        """Return what `annotated` and `scores` do; the annotation is encoded once."""
        found = _encoded(annotation)
        return self._spliced(packet, found, packet_id), frame("annotation", found, scores_id)

    def _spliced(self, packet: Packet, annotation: bytes, wire_id: int | None) -> bytes:
        body = b"".join((_survey_bytes(packet), _PRESENT, annotation))
        return container(self._text(packet.framed.schema), body) if wire_id is None else wire(wire_id, body)

    def _text(self, schema: WriterSchema) -> str:
        if schema not in self._texts:
            while self._texts and self._full(schema.size):
                del self._texts[next(iter(self._texts))]
            self._texts[schema] = json.dumps(schema.derived, separators=(",", ":"))
        return self._texts[schema]

    def _full(self, more: int) -> bool:
        together = more + sum(schema.size for schema in self._texts)
        return len(self._texts) >= self.CACHED_SCHEMAS or together > self.CACHED_BYTES


def scores(annotation: Annotation, wire_id: int | None = None) -> bytes:
    """Return the thin record: exactly the annotation."""
    return frame("annotation", _encoded(annotation), wire_id)


def _encoded(annotation: Annotation) -> bytes:
    return encode("annotation", to_record(annotation))


def _survey_bytes(packet: Packet) -> bytes:
    """Return the survey's own fields: all of the body, less an annotation that it already ends with."""
    framed = packet.framed
    if not framed.schema.annotated:
        return framed.body
    first, _ = framed.schema.spans(framed.body)[ANNOTATION_FIELD]
    return framed.body[:first]
