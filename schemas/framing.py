"""The two ways in which surveys put an Avro record into a message.

An object container file (OCF) carries its schema in its header; Confluent's wire
format carries a zero byte and the number of a schema that a registry knows.
"""

from __future__ import annotations

import struct
import zlib
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from hashlib import md5
from itertools import islice
from typing import TYPE_CHECKING

from schemas.errors import DeadReason, UnreadableError
from schemas.walk import read_long
from schemas.writer import WriterSchema

if TYPE_CHECKING:
    from collections.abc import Iterator

    from schemas.source import SchemaSource

OCF_MAGIC = b"Obj\x01"
WIRE_HEADER = struct.Struct(">bi")
_SYNC_SIZE = 16
#: A deflated block may not unfold to more: a packet has less than one twentieth of it.
_LARGEST_BLOCK = 16 * 1024 * 1024
#: A header names two things; more than this is damage.
_MOST_METADATA = 64


class Framing(StrEnum):
    """How a record came."""

    OCF = "ocf"
    WIRE = "wire"


@dataclass(frozen=True, slots=True)
class Framed:
    """One record as it arrived.

    Attributes
    ----------
    schema : WriterSchema
        What it was written with.
    body : bytes
        The encoded record, untouched.
    framing : Framing
        How it came.
    schema_id : int or None
        The registry's number of the schema, in the wire format.
    """

    schema: WriterSchema
    body: bytes
    framing: Framing
    schema_id: int | None = None


class Unframer:
    """Takes messages apart, and parses each schema once.

    Parameters
    ----------
    source : SchemaSource or None
        Where the schemas of the wire format come from; None refuses that format.
    """

    #: Distinct container schemas remembered, and all their texts together [bytes]; damaged ones are as distinct and
    #: as long as they like.
    CACHED_SCHEMAS, CACHED_BYTES = 64, 2_000_000

    def __init__(self, source: SchemaSource | None = None) -> None:
        self._source = source
        self._by_text: dict[bytes, WriterSchema] = {}

    def unframe(self, payload: bytes) -> Framed:
        """Take the one record out of a message.

        Parameters
        ----------
        payload : bytes
            A whole Kafka message.

        Raises
        ------
        UnreadableError
            It is no such message, its schema is unknown, or it holds no record or several.
        SchemaSourceDownError
            The schema source does not answer.
        """
        framed = list(islice(self.records(payload), 2))
        if len(framed) != 1:
            raise UnreadableError(DeadReason.FRAMING, f"the container holds {'several' if framed else 'no'} records")
        return framed[0]

    def records(self, payload: bytes) -> Iterator[Framed]:
        """Take all the records out of a message or a file; raises as `unframe`."""
        if not payload:
            raise UnreadableError(DeadReason.EMPTY, "the message has no bytes")
        if payload.startswith(OCF_MAGIC):
            yield from self._container(payload)
        elif payload[0] == 0 and len(payload) >= WIRE_HEADER.size:
            yield self._wire(payload)
        else:
            raise UnreadableError(
                DeadReason.FRAMING, f"neither an object container nor wire format: begins with {payload[:5].hex()}"
            )

    def _wire(self, payload: bytes) -> Framed:
        _, schema_id = WIRE_HEADER.unpack_from(payload)
        if self._source is None:
            raise UnreadableError(DeadReason.SCHEMA_UNKNOWN, f"schema {schema_id}: no registry or folder is configured")
        return Framed(self._source.get(schema_id), payload[WIRE_HEADER.size :], Framing.WIRE, schema_id)

    def _container(self, payload: bytes) -> Iterator[Framed]:
        try:
            metadata, at = _read_metadata(payload)
            sync = payload[at : at + _SYNC_SIZE]
            schema = self._schema(metadata)
            at += _SYNC_SIZE
            while at < len(payload):
                count, at = read_long(payload, at)
                size, at = read_long(payload, at)
                if size < 0 or payload[at + size : at + size + _SYNC_SIZE] != sync or len(sync) < _SYNC_SIZE:
                    raise UnreadableError(
                        DeadReason.FRAMING, f"the block at byte {at} does not end with the sync marker"
                    )
                block = _decompressed(payload[at : at + size], metadata.get("avro.codec", b"null"))
                yield from _records_of_block(schema, block, count)
                at += size + _SYNC_SIZE
        except IndexError:
            raise UnreadableError(DeadReason.FRAMING, "the container ends too early") from None

    def _schema(self, metadata: dict[str, bytes]) -> WriterSchema:
        if "avro.schema" not in metadata:
            raise UnreadableError(DeadReason.FRAMING, "the container's header has no schema")
        text = metadata["avro.schema"]
        schema = self._by_text.get(text)
        if schema is None:
            schema = self._by_text[text] = WriterSchema(text)
            while len(self._by_text) > self.CACHED_SCHEMAS or sum(map(len, self._by_text)) > self.CACHED_BYTES:
                del self._by_text[next(iter(self._by_text))]
        return schema


def container(schema_json: str, body: bytes) -> bytes:
    """Return an object container with one block of one record.

    Parameters
    ----------
    schema_json : str
        The schema of the record.
    body : bytes
        The encoded record.
    """
    header = _container_header(schema_json)
    sync = header[-_SYNC_SIZE:]
    return b"".join((header, _long(1), _long(len(body)), body, sync))


def wire(schema_id: int, body: bytes) -> bytes:
    """Return a record in Confluent's wire format."""
    return WIRE_HEADER.pack(0, schema_id) + body


@lru_cache(maxsize=256)  # hashing a survey's schema takes longer than all the rest of a container
def _container_header(schema_json: str) -> bytes:
    text = schema_json.encode()
    metadata = {b"avro.codec": b"null", b"avro.schema": text}
    pairs = b"".join(_long(len(key)) + key + _long(len(value)) + value for key, value in metadata.items())
    # The marker only has to differ from what the body holds; drawn from the schema it makes equal bytes of equal input.
    return OCF_MAGIC + _long(len(metadata)) + pairs + _long(0) + md5(text, usedforsecurity=False).digest()


def _long(value: int) -> bytes:
    rest = (value << 1) ^ (value >> 63)
    parts = bytearray()
    while rest > 0x7F:
        parts.append(rest & 0x7F | 0x80)
        rest >>= 7
    parts.append(rest)
    return bytes(parts)


def _read_metadata(payload: bytes) -> tuple[dict[str, bytes], int]:
    metadata: dict[str, bytes] = {}
    entries = 0
    at = len(OCF_MAGIC)
    while True:
        count, at = read_long(payload, at)
        if count == 0:
            return metadata, at
        if count < 0:
            _, at = read_long(payload, at)
            count = -count
        entries += count
        if entries > _MOST_METADATA:
            raise UnreadableError(DeadReason.FRAMING, f"the container's header claims {entries} entries")
        for _ in range(count):
            key, at = _read_bytes(payload, at)
            metadata[key.decode("utf-8", "replace")], at = _read_bytes(payload, at)


def _read_bytes(payload: bytes, at: int) -> tuple[bytes, int]:
    size, at = read_long(payload, at)
    if not 0 <= size <= len(payload) - at:
        raise IndexError(at)
    return payload[at : at + size], at + size


def _decompressed(block: bytes, codec: bytes) -> bytes:
    if codec == b"null":
        return block
    if codec != b"deflate":
        raise UnreadableError(DeadReason.FRAMING, f"codec {codec[:20]!r} is neither null nor deflate")
    inflater = zlib.decompressobj(wbits=-15)
    try:
        body = inflater.decompress(block, _LARGEST_BLOCK)
    except zlib.error as error:
        raise UnreadableError(DeadReason.FRAMING, f"deflated block: {error}") from error
    if inflater.unconsumed_tail or not inflater.eof:
        raise UnreadableError(DeadReason.FRAMING, "the deflated block is cut off, or too large")
    return body


def _records_of_block(schema: WriterSchema, block: bytes, count: int) -> Iterator[Framed]:
    if count == 1:  # whoever reads the record checks that it ends with the block
        yield Framed(schema, block, Framing.OCF)
        return
    if not 1 <= count <= len(block):  # a container of a million blocks of nothing would take its time
        raise UnreadableError(DeadReason.FRAMING, f"a block of {len(block)} bytes claims {count} records")
    at = 0
    for _ in range(count):
        end = max((last for _, last in schema.spans(block, at).values()), default=at)
        yield Framed(schema, block[at:end], Framing.OCF)
        at = end
    if at != len(block):
        raise UnreadableError(DeadReason.TRAILING_BYTES, f"{len(block) - at} bytes after the last record of a block")
