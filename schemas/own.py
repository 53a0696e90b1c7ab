"""Records of the project's own schemas: written, read back, and read where another version wrote them."""

from __future__ import annotations

import io
import json
import zlib
from functools import cache
from typing import Any

import fastavro

import schemas
from schemas.errors import DeadReason, UnreadableError
from schemas.framing import OCF_MAGIC, WIRE_HEADER, container, wire
from schemas.writer import AVRO_ERRORS


def encode(name: str, record: dict[str, Any]) -> bytes:
    """Encode a record, without framing; see `pack`."""
    buffer = io.BytesIO()
    fastavro.schemaless_writer(buffer, _parsed(name), record)
    return buffer.getvalue()


def pack(name: str, record: dict[str, Any], wire_id: int | None = None) -> bytes:
    """Encode and frame a record.

    Parameters
    ----------
    name : str
        As in `schemas.load`.
    record : dict
        Its keys the Avro field names.
    wire_id : int or None
        The registry's number of that schema; None writes an object container.
    """
    return frame(name, encode(name, record), wire_id)


def frame(name: str, body: bytes, wire_id: int | None = None) -> bytes:
    """Frame what `encode` made; see `pack`."""
    return container(_json(name), body) if wire_id is None else wire(wire_id, body)


def unpack(name: str, payload: bytes) -> dict[str, Any]:
    """Read back what `pack` wrote, in either form.

    Raises
    ------
    UnreadableError
        The bytes are no such record.
    """
    try:
        if payload.startswith(OCF_MAGIC):
            record: Any = next(iter(fastavro.reader(io.BytesIO(payload))))
        else:
            record = fastavro.schemaless_reader(io.BytesIO(payload[WIRE_HEADER.size :]), _parsed(name), None)
        return dict(record)
    except (*AVRO_ERRORS, StopIteration, zlib.error) as error:
        raise UnreadableError(DeadReason.FRAMING, f"no {name} record: {type(error).__name__}: {error}") from error


def resolve(name: str, written: dict[str, Any], body: bytes) -> dict[str, Any]:
    """Decode what another version of a schema wrote, by Avro's rules of schema resolution.

    Parameters
    ----------
    name : str
        As in `schemas.load`: all fields of this version are there afterwards, and no others.
    written : dict
        The other version, as JSON.
    body : bytes
        Of which a `WriterSchema` has found the fields: nothing is bounded here.

    Raises
    ------
    UnreadableError
        The other version lacks a field without a default, or has it of another type.
    """
    try:
        record = fastavro.schemaless_reader(io.BytesIO(body), written, _parsed(name), handle_unicode_errors="replace")
    except AVRO_ERRORS as error:
        raise UnreadableError(DeadReason.SURVEY_MISMATCH, f"no {name}: {type(error).__name__}: {error}") from error
    return dict(record)  # type: ignore[arg-type]  # a record's schema gives a mapping


@cache
def _parsed(name: str) -> Any:
    return fastavro.parse_schema(schemas.load(name))


@cache
def _json(name: str) -> str:
    return json.dumps(schemas.load(name), separators=(",", ":"))
