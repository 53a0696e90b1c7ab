"""Real packets, decoded by plain fastavro: what everything else is compared with."""

from __future__ import annotations

import io
import json
from typing import TYPE_CHECKING, Any

import fastavro

from broker.files import read_files
from broker.surveys.ztf import Ztf

if TYPE_CHECKING:
    from pathlib import Path

_WIRE_HEADER = 5


def ztf_files(shared_data: Path) -> list[Path]:
    return sorted((shared_data / "ztf").glob("*.avro"))


def one_object(shared_data: Path) -> list[Path]:
    """Twelve epochs of one ZTF object in one band, in time order."""
    found = [
        (one.packet.mjd or 0.0, one.file)
        for one in read_files(ztf_files(shared_data), [Ztf()])
        if one.packet is not None and (one.packet.object_id, one.packet.band) == ("ZTF20abfcszi", "g")
    ]
    assert len(found) == 12
    return [file for _, file in sorted(found)]


def rubin_files(shared_data: Path) -> list[Path]:
    return sorted((shared_data / "lsst").glob("*.avro")) + sorted((shared_data / "lsst" / "original").glob("*.avro"))


def rubin_schema(shared_data: Path, version: str) -> dict[str, Any]:
    schema: dict[str, Any] = json.loads((shared_data / "lsst" / "schema" / f"lsst.v{version}.alert.avsc").read_text())
    return schema


def decode_container(payload: bytes) -> dict[str, Any]:
    """The only record of an object container."""
    (record,) = fastavro.reader(io.BytesIO(payload))
    assert isinstance(record, dict)
    return record


def decode_wire(payload: bytes, schema: dict[str, Any]) -> dict[str, Any]:
    """A wire-format record; all of its bytes belong to it."""
    body = io.BytesIO(payload[_WIRE_HEADER:])
    record = fastavro.schemaless_reader(body, fastavro.parse_schema(schema), None)
    assert body.tell() == len(payload) - _WIRE_HEADER
    assert isinstance(record, dict)
    return record


def decode_rubin(shared_data: Path, payload: bytes) -> dict[str, Any]:
    number = int.from_bytes(payload[1:_WIRE_HEADER], "big")
    return decode_wire(payload, rubin_schema(shared_data, f"{number // 100}_{number % 100}"))
