"""One alert as a subscriber has it: the annotation at once, the survey's packet and its images when asked for."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from weakref import WeakSet

import numpy as np

import schemas
from consumers.names import ORIGIN_HEADER
from schemas.errors import DeadReason, StampError, UnreadableError
from schemas.framing import Unframer, wire
from schemas.own import resolve, unpack
from schemas.writer import ANNOTATION_FIELD

if TYPE_CHECKING:
    from datetime import datetime

    from numpy.typing import NDArray

    from broker.packet import Packet
    from consumers.worker.batch import Headers
    from schemas.framing import Framed
    from schemas.source import SchemaSource
    from schemas.writer import WriterSchema

_SCORES = ".scores.v1"


@dataclass(frozen=True, slots=True, eq=False)
class Stamps:
    """An alert's images, in native pixels.

    Attributes
    ----------
    science, reference, difference : float32 array (rows, columns) or (bands, rows, columns), or None
        Row 0 is the first in the file, missing pixels are NaN; None where the packet has no readable one. The
        difference is science minus reference, also where the survey flipped it.
    """

    science: NDArray[np.float32] | None
    reference: NDArray[np.float32] | None
    difference: NDArray[np.float32] | None


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A record of an output topic that holds no annotation, and why."""

    topic: str
    partition: int
    offset: int
    error: str


@dataclass(frozen=True, slots=True, eq=False)
class Alert:
    """One annotated alert.

    Attributes
    ----------
    topic, partition, offset
        Where it was read.
    time : datetime
        When it was published, in UTC.
    origin : str or None
        ``topic/partition/offset`` of the survey's own record: equal in the annotated and the scores topic.
    annotation : dict
        Under its Avro field names; see ``schemas/FIELDS.md``.
    payload : bytes
        The record as it came: an object container or Confluent's wire format.
    """

    topic: str
    partition: int
    offset: int
    time: datetime
    origin: str | None
    annotation: dict[str, Any]
    payload: bytes = field(repr=False)
    _reader: AlertReader = field(repr=False)

    def packet(self) -> dict[str, Any]:
        """Return the whole record, the survey's own fields and the annotation; of a scores topic, the annotation.

        Raises
        ------
        UnreadableError
            The survey's part is damaged.
        """
        return self._reader.whole(self.payload)

    def stamps(self) -> Stamps:
        """Return the images; of a scores topic, which has none, three times None.

        Raises
        ------
        UnreadableError
            The survey's part is damaged.
        """
        return self._reader.stamps(self.payload)


class AlertReader:
    """Reads the records of either kind of output topic.

    Parameters
    ----------
    source : SchemaSource, optional
        Where the schemas of full packets in wire format come from; the scores topics need none.
    """

    def __init__(self, source: SchemaSource | None = None) -> None:
        self._source = source
        self._unframer = Unframer(source)
        self._current: WeakSet[WriterSchema] = WeakSet()

    def annotation(self, topic: str, payload: bytes) -> dict[str, Any]:
        """Return the annotation of one record.

        Raises
        ------
        UnreadableError
            It holds none.
        SchemaSourceDownError
            The schema source does not answer.
        """
        if self._source is None and topic.endswith(_SCORES) and payload.startswith(b"\0"):
            return unpack("annotation", payload)
        framed = self._unframer.unframe(payload)
        name = framed.schema.name
        if name == "sosia.Annotation":
            return self._scores(framed)
        if topic.endswith(_SCORES):
            raise UnreadableError(DeadReason.SURVEY_MISMATCH, f"a {name} among bare annotations")
        spans = framed.schema.spans(framed.body)
        annotation = framed.schema.decode(framed.body, spans, ANNOTATION_FIELD)
        if annotation is None:
            raise UnreadableError(DeadReason.SURVEY_MISMATCH, f"a {name} without an annotation")
        if self._is_current(framed.schema):
            return dict(annotation)
        start, end = spans[ANNOTATION_FIELD]
        body = framed.body[start + 1 : end]  # behind the number of the union's branch
        return dict(annotation) | resolve("annotation", _annotation_of(framed.schema), body)

    def whole(self, payload: bytes) -> dict[str, Any]:
        """Decode all fields of a record; raises as `annotation`."""
        framed = self._unframer.unframe(payload)
        spans = framed.schema.spans(framed.body)
        return {name: framed.schema.decode(framed.body, spans, name) for name in framed.schema.fields}

    def stamps(self, payload: bytes) -> Stamps:
        """Read the images of a record; raises as `annotation`."""
        from broker.reader import Reader
        from broker.surveys.rubin import Rubin
        from broker.surveys.stamps import Stamps as OwnStamps
        from broker.surveys.ztf import Ztf

        if self._unframer.unframe(payload).schema.name == "sosia.Annotation":
            return Stamps(None, None, None)
        return stamps_of(Reader([Ztf(), Rubin(), OwnStamps()], self._source).read(payload))

    def _scores(self, framed: Framed) -> dict[str, Any]:
        """Decode a bare annotation; of the version that this software writes, four times as fast."""
        schema = framed.schema
        if self._is_current(schema):
            return unpack("annotation", wire(0, framed.body))
        spans = schema.spans(framed.body)
        found = {name: schema.decode(framed.body, spans, name) for name in schema.fields}
        return found | resolve("annotation", schema.json, framed.body)

    def _is_current(self, schema: WriterSchema) -> bool:
        """Whether the annotation is of the version that this software writes, so that nothing is to be resolved."""
        if schema not in self._current and _annotation_of(schema) == schemas.load("annotation"):
            self._current.add(schema)
        return schema in self._current


def _annotation_of(schema: WriterSchema) -> dict[str, Any]:
    """Return the annotation's schema, itself or out of an annotated packet's."""
    if not schema.annotated:
        return schema.json
    branches: list[dict[str, Any]] = [one for one in schema.json["fields"][-1]["type"] if isinstance(one, dict)]
    return branches[0]


def stamps_of(packet: Packet) -> Stamps:
    """Read a packet's images."""
    difference = _pixels(packet.difference)
    sign = np.float32(packet.difference_sign)
    return Stamps(_pixels(packet.science), _pixels(packet.reference), None if difference is None else difference * sign)


def _pixels(stamp: bytes | None) -> NDArray[np.float32] | None:
    from broker.cutout import read_cutout

    if stamp is None:
        return None
    try:
        return read_cutout(stamp).image
    except StampError:  # the annotation says why
        return None


def origin_of(headers: Headers) -> str | None:
    """Return the origin that a record's headers tell."""
    origins = ((value or b"").decode("utf-8", "replace") for name, value in headers if name == ORIGIN_HEADER)
    return next(origins, None)
