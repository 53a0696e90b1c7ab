"""Produces one record by hand: a client that sends what librdkafka refuses to."""

from __future__ import annotations

import socket
import struct

PRODUCE, VERSION = 0, 3


def produce_with_header_name(bootstrap: str, topic: str, value: bytes, name: bytes) -> None:
    """Write a record with one header to partition 0 of a topic; the header's name may be no text."""
    header = _varint(len(name)) + name + _varint(1) + b"v"
    record = b"\0" + _varint(0) + _varint(0) + _varint(-1) + _varint(len(value)) + value + _varint(1) + header
    record = _varint(len(record)) + record
    checked = struct.pack(">hiqqqhii", 0, 0, 0, 0, -1, -1, -1, 1) + record
    batch = struct.pack(">qiibI", 0, 9 + len(checked), -1, 2, _crc32c(checked)) + checked
    body = struct.pack(">hhiih", -1, 1, 10_000, 1, len(topic)) + topic.encode()
    body += struct.pack(">iii", 1, 0, len(batch)) + batch
    request = struct.pack(">hhih", PRODUCE, VERSION, 1, -1) + body
    host, port = bootstrap.split(":")
    with socket.create_connection((host, int(port))) as connection:
        connection.sendall(struct.pack(">i", len(request)) + request)
        with connection.makefile("rb") as answer:
            (size,) = struct.unpack(">i", answer.read(4))
            (error,) = struct.unpack_from(">h", answer.read(size), 4 + 4 + 2 + len(topic) + 4 + 4)
    assert error == 0


def _varint(value: int) -> bytes:
    rest, out = (value << 1) ^ (value >> 63), bytearray()
    while rest > 0x7F:
        out.append(rest & 0x7F | 0x80)
        rest >>= 7
    return bytes([*out, rest])


def _crc32c(data: bytes) -> int:
    crc = 0xFFFFFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = (crc >> 1) ^ (0x82F63B78 if crc & 1 else 0)
    return crc ^ 0xFFFFFFFF
