"""Which registry number the outputs' schemas have: registered on first use, or none where outputs are containers."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Protocol
from weakref import WeakKeyDictionary

import schemas
from consumers import names
from schemas.errors import SchemaSourceDownError, UnreadableError

if TYPE_CHECKING:
    from broker.packet import Packet
    from consumers.registry import RegistrySource
    from schemas.writer import WriterSchema

#: Surveys whose subscribers open containers, registry or not.
ALWAYS_CONTAINERS = frozenset({"ztf"})


class OutputSchemas(Protocol):
    """Tells how outputs are framed; may raise SchemaSourceDownError."""

    def packet_id(self, packet: Packet) -> int | None:
        """Return the number of the packet's derived schema; None writes an object container.

        Raises
        ------
        UnreadableError
            The registry does not take the schema.
        """

    def scores_id(self, packet: Packet) -> int | None:
        """Return the number of the annotation's schema; None writes an object container."""

    def embedding_id(self) -> int | None:
        """Return the number of the embedding's schema; None writes an object container."""


class Containers:
    """No registry: all outputs are object containers, which carry their schema."""

    def packet_id(self, packet: Packet) -> int | None:  # noqa: ARG002  the interface's argument
        """Return None."""
        return None

    def scores_id(self, packet: Packet) -> int | None:  # noqa: ARG002  the interface's argument
        """Return None."""
        return None

    def embedding_id(self) -> int | None:
        """Return None: a header of 1.8 kB beside 2.6 kB, of which compression leaves 20 bytes a row."""
        return None


class RegisteredSchemas:
    """Outputs in Confluent's wire format.

    Parameters
    ----------
    registry : RegistrySource
    """

    def __init__(self, registry: RegistrySource) -> None:
        self._registry = registry
        # As long as the reader remembers the schema.
        self._packet_ids: WeakKeyDictionary[WriterSchema, int] = WeakKeyDictionary()
        self._scores_ids: dict[str, int] = {}
        self._embedding_id: int | None = None

    def packet_id(self, packet: Packet) -> int | None:
        """Return the number of the packet's derived schema; None for surveys that come as containers always."""
        survey, schema = packet.survey.name, packet.framed.schema
        if survey in ALWAYS_CONTAINERS:
            return None
        if schema not in self._packet_ids:
            subject = names.subject(names.annotated(survey), schema.name)
            self._packet_ids[schema] = self._registry.register(subject, json.dumps(schema.derived))
        return self._packet_ids[schema]

    def scores_id(self, packet: Packet) -> int | None:
        """Return the number of the annotation's schema."""
        survey = packet.survey.name
        if survey not in self._scores_ids:
            self._scores_ids[survey] = self._own(names.scores(survey), "annotation", "sosia.Annotation")
        return self._scores_ids[survey]

    def embedding_id(self) -> int | None:
        """Return the number of the embedding's schema."""
        if self._embedding_id is None:
            self._embedding_id = self._own(names.EMBEDDINGS, "embedding", "sosia.Embedding")
        return self._embedding_id

    def _own(self, topic: str, file: str, name: str) -> int:
        """Register one of the project's own schemas; no packet is to blame where it is refused."""
        text = json.dumps(schemas.load(file))
        try:
            return self._registry.register(names.subject(topic, name), text, "FORWARD_TRANSITIVE")
        except UnreadableError as error:
            raise SchemaSourceDownError(f"schema {name}: {error.detail}") from error
