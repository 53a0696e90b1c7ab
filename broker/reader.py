"""From a message's bytes to a packet, whichever survey sent it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from schemas.errors import DeadReason, UnreadableError
from schemas.framing import Framed, Unframer

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from broker.packet import Packet
    from broker.surveys.survey import Survey
    from schemas.source import SchemaSource


class Reader:
    """Reads messages of several surveys, told apart by what their schemas hold.

    Parameters
    ----------
    surveys : sequence of Survey
        Asked in order.
    source : SchemaSource or None
        Where the schemas of the wire format come from.
    """

    def __init__(self, surveys: Sequence[Survey], source: SchemaSource | None = None) -> None:
        self._surveys = tuple(surveys)
        self._unframer = Unframer(source)

    def read(self, payload: bytes) -> Packet:
        """Read a message, which holds one alert.

        Raises
        ------
        UnreadableError
            It cannot be read: its framing, schema, lengths or ids are damaged or unknown.
        SchemaSourceDownError
            The schema source does not answer.
        """
        return self._packet(self._unframer.unframe(payload))

    def read_all(self, payload: bytes) -> Iterator[Packet]:
        """Read a file, which may hold several alerts; raises as `read`."""
        for framed in self._unframer.records(payload):
            yield self._packet(framed)

    def _packet(self, framed: Framed) -> Packet:
        name = framed.schema.name
        survey = next((one for one in self._surveys if one.recognises(framed)), None)
        if survey is None:
            known = ", ".join(one.name for one in self._surveys)
            raise UnreadableError(DeadReason.SURVEY_MISMATCH, f"record {name} is of none of: {known}")
        if not framed.schema.annotatable:
            raise UnreadableError(DeadReason.SCHEMA_INVALID, f"record {name} has a type that the annotation has too")
        return survey.packet(framed)
