"""Avro that no survey writes: hostile schemas, lengths and frames. Each packet is as small as its attack allows."""

from __future__ import annotations

import json
import zlib
from functools import cache
from typing import TYPE_CHECKING, Any

from schemas.framing import OCF_MAGIC, container, wire

if TYPE_CHECKING:
    import random

SYNC = bytes(range(16))
HUGE = 2**60


def long(value: int) -> bytes:
    """A zig-zag variable-length integer of any size."""
    rest = (value << 1) if value >= 0 else (-value << 1) - 1
    parts = bytearray()
    while rest > 0x7F:
        parts.append(rest & 0x7F | 0x80)
        rest >>= 7
    parts.append(rest)
    return bytes(parts)


def text(value: bytes) -> bytes:
    return long(len(value)) + value


def frame(schema: Any, *blocks: bytes, codec: bytes = b"null", entries: bytes = b"", count: int = 2) -> bytes:
    """An object container of blocks as they are; further entries of its header, and how many it has."""
    told = schema if isinstance(schema, bytes) else json.dumps(schema).encode()
    head = long(count) + text(b"avro.codec") + text(codec) + text(b"avro.schema") + text(told) + entries + long(0)
    return OCF_MAGIC + head + SYNC + b"".join(blocks)


def block(body: bytes, count: int = 1, size: int | None = None) -> bytes:
    return long(count) + long(len(body) if size is None else size) + body + SYNC


def alert(candidate: Any, body: bytes, *fields: Any) -> bytes:
    """A packet of ZTF, as far as its names tell, whose candidate is of any type."""
    named = [
        {"name": "objectId", "type": "string"},
        {"name": "candid", "type": "long"},
        {"name": "candidate", "type": candidate},
        {"name": "cutoutScience", "type": ["null", "bytes"]},
    ]
    schema = {"type": "record", "name": "alert", "fields": [*named, *fields]}
    return container(json.dumps(schema), text(b"ZTF1") + long(7) + body + long(0))


def array(items: Any) -> dict[str, Any]:
    return {"type": "array", "items": items}


def record(name: str, *types: Any) -> dict[str, Any]:
    return {"type": "record", "name": name, "fields": [{"name": f"f{i}", "type": kind} for i, kind in enumerate(types)]}


def doubling(leaf: Any, levels: int = 60) -> Any:
    """A type that holds the one before it twice, down to a leaf."""
    kind = record("L0", leaf)
    for level in range(1, levels):
        kind = record(f"L{level}", kind, f"L{level - 1}")
    return kind


def nested(levels: int, wrap: Any, leaf: Any = "long") -> Any:
    kind = leaf
    for level in range(levels):
        kind = wrap(kind, level)
    return kind


@cache
def hostile_records() -> dict[str, bytes]:
    """One of each kind, by name."""
    simple = record("r", "long")
    million = b"\x02" * 1_000_000
    names = ["objectId", "candid", "candidate", "cutoutScience"]
    list_block = long(1_000_000) + b"\0" * 1_000_000 + long(0)
    return {
        "nulls without end": alert(doubling("null"), b""),
        "bytes without end": alert(doubling("bytes"), bytes(1_000_000)),
        "empty records without end": alert(doubling(record("E")), b""),
        "fixed of no size without end": alert(doubling({"type": "fixed", "name": "F", "size": 0}), b""),
        "2^60 nulls": alert(array("null"), long(HUGE) + long(0)),
        "arrays of many nulls": alert(array(array("null")), long(300_000) + (long(900_000) + long(0)) * 300_000),
        "arrays of many records of nulls": alert(
            array(record("N", *["null"] * 1000, "boolean")), long(1_000_000) + bytes(1_000_000) + long(0)
        ),
        "ten million booleans": alert(array("boolean"), long(9_999_000) + bytes(9_999_000) + long(0)),
        "ten million empty strings": alert(array("string"), long(9_999_000) + bytes(9_999_000) + long(0)),
        "ten million empty arrays": alert(array(array("long")), long(9_999_000) + bytes(9_999_000) + long(0)),
        "maps of nulls": alert({"type": "map", "values": "null"}, list_block),
        "records around each byte": alert(
            array(nested(150, lambda kind, level: record(f"R{level}", kind), "bytes")),
            long(2_000_000) + bytes(2_000_000) + long(0),
        ),
        "layouts without end": alert(
            array(record("N", "long", doubling("null", 40))), long(50) + b"\x02" * 50 + long(0)
        ),
        "a schema of 200 patterns of 50 kB": alert(
            record("P", *[record(f"P{i}", *["string"] * 60, *["boolean"] * i) for i in range(200)]), million
        ),
        "a schema of 4000 fields of one type": container(
            json.dumps({
                "type": "record", "name": "alert", "fields": [
                    {"name": "first", "type": record("Big", *["long"] * 3000)},
                    *({"name": name, "type": "Big"} for name in names),
                    *({"name": f"g{i}", "type": "Big"} for i in range(4000)),
                ],
            }),
            bytes(3000),
        ),
        "a deep schema": alert(nested(400, lambda kind, _: array(kind)), bytes(10)),
        "a deep record": alert(nested(200, lambda kind, level: record(f"R{level}", kind, "long")), bytes(5000)),
        "deeper than any parser": frame(b'{"type":"array","items":' * 100_000, block(b"\0")),
        "a tree in itself": alert(
            {"type": "record", "name": "T", "fields": [{"name": "c", "type": ["null", "T"]}]}, b"\x02" * 1_000_000
        ),
        "a list in itself": alert(
            {"type": "record", "name": "T", "fields": [{"name": "c", "type": array("T")}]}, b"\x02" * 1_000_000
        ),
        "itself and nothing else": alert({"type": "record", "name": "T", "fields": [{"name": "c", "type": "T"}]}, b""),
        "a schema of ten million bytes": frame(b" " * 10_000_000 + json.dumps(simple).encode(), block(b"\x02")),
        "a schema that is no record": frame(b'"long"', block(b"\x02")),
        "a schema that is a number": frame(b"7", block(b"\x02")),
        "a schema that is not text": frame(b"\xff\xfe\x00", block(b"\x02")),
        "a schema of unknown types": frame(record("r", "nothing"), block(b"\x02")),
        "a fixed of negative size": frame(record("r", {"type": "fixed", "name": "f", "size": -5}), block(b"\x02")),
        "a fixed of 2^60": frame(record("r", {"type": "fixed", "name": "f", "size": HUGE}), block(b"\x02")),
        "a decimal of a million digits": alert(
            {"type": "bytes", "logicalType": "decimal", "precision": 9_000_000, "scale": 4_000_000},
            text(b"\x7f" * 4_000_000),
        ),
        "bytes of 2^60": alert("bytes", long(HUGE)),
        "bytes of -1": alert("bytes", long(-1)),
        "an array of -2^60": alert(array("long"), long(-HUGE) + long(3)),
        "an integer of a thousand bytes": alert("long", b"\xff" * 1000),
        "a branch of 2^60": alert(["null", "long"], long(HUGE)),
        "a branch of -1": alert(["null", "long"], long(-1)),
        "a block of 2^60 records": frame(simple, block(b"\x02", count=HUGE)),
        "a block of -1 records": frame(simple, block(b"\x02", count=-1)),
        "a block of 2^60 bytes": frame(simple, block(b"\x02", size=HUGE)),
        "a million blocks of nothing": frame(simple, block(b"", count=0) * 500_000),
        "a million records": frame(simple, block(million, count=1_000_000)),
        "a million records of nothing": frame(record("r"), block(b"", count=1_000_000)),
        "a million entries in the header": frame(simple, entries=(long(1) + text(b"a") + text(b"")) * 500_000),
        "an entry of 2^60 bytes in the header": frame(simple, entries=long(1) + text(b"a") + long(HUGE)),
        "a deflate bomb": frame(simple, block(zlib.compress(bytes(64 * 2**20), 9, wbits=-15)), codec=b"deflate"),
        "a deflate bomb of records": frame(
            simple, block(zlib.compress(bytes(15 * 2**20), 9, wbits=-15), count=15 * 2**20), codec=b"deflate"
        ),
        "deflate bombs in a row": frame(
            simple, block(zlib.compress(bytes(15 * 2**20), 9, wbits=-15)) * 200, codec=b"deflate"
        ),
        "an unknown codec": frame(simple, block(b"\x02"), codec=b"\x1b[2Jsnappy" * 1000),
        "a candidate that is text": alert("string", text(b"candidate")),
        "a candidate that is a list": alert(array("long"), long(1) + long(7) + long(0)),
        "a filter that is a list": alert(
            {"type": "record", "name": "c", "fields": [{"name": "fid", "type": array("long")}]},
            long(1) + long(2) + long(0),
        ),
        "types of the annotation's names": alert(record("sosia.Backbone", "long"), long(7)),
        "an object id that steers terminals": alert("null", b"").replace(text(b"ZTF1"), text(b"\x1b[2J")),
        "ten million zeros": bytes(10_000_000),
        "wire format of ten million zeros": wire(1, bytes(10_000_000)),
    }  # fmt: skip


#: Types that stand where a survey's own fields are expected.
_PRIMITIVES = ("null", "boolean", "int", "long", "float", "double", "bytes", "string")


def random_type(draw: random.Random, depth: int, names: list[str]) -> Any:
    kind = draw.random()
    if depth == 0 or kind < 0.4:
        return draw.choice(_PRIMITIVES) if not names or kind < 0.35 else draw.choice(names)
    if kind < 0.55:
        members = dict.fromkeys(draw.sample(_PRIMITIVES, draw.randint(1, 3)))
        return [*members, *([_named(draw, depth, names)] if draw.random() < 0.5 else [])]
    if kind < 0.7:
        return array(random_type(draw, depth - 1, names))
    if kind < 0.75:
        return {"type": "map", "values": random_type(draw, depth - 1, names)}
    return _named(draw, depth, names)


def _named(draw: random.Random, depth: int, names: list[str]) -> dict[str, Any]:
    name = f"T{len(names)}"
    names.append(name)
    kind = draw.random()
    if kind < 0.15:
        return {"type": "enum", "name": name, "symbols": [f"S{i}" for i in range(draw.choice([1, 2, 65]))]}
    if kind < 0.3:
        return {"type": "fixed", "name": name, "size": draw.choice([0, 1, 4, 100, HUGE])}
    return record(name, *(random_type(draw, depth - 1, names) for _ in range(draw.randint(0, 4))))


def random_alert(draw: random.Random) -> bytes:
    """A packet that has a survey's field names and nothing else of it."""
    fields = draw.choice([
        ("objectId", "candid", "candidate", "cutoutScience", "cutoutTemplate"),
        ("diaSourceId", "diaSource", "diaObject", "cutoutScience", "cutoutTemplate"),
        ("objectId", "epochId", "band", "mjd", "science", "reference", "pixelScale"),
    ])  # fmt: skip
    names: list[str] = []
    types = [random_type(draw, 3, names) for _ in fields]
    name = "sosia.EpochStamp" if "epochId" in fields else "alert"
    schema = {
        "type": "record",
        "name": name,
        "fields": [{"name": one, "type": kind} for one, kind in zip(fields, types, strict=True)],
    }
    body = bytes(draw.choice((0, 0, 2, 2, 4, 1, 3, 128, 255, draw.randrange(256))) for _ in range(draw.randint(0, 60)))
    return container(json.dumps(schema), body)
