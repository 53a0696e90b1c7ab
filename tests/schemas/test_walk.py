"""The walker steps over a record exactly as a full decode would."""

import io
import json

import fastavro
import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.errors import UnreadableError
from schemas.writer import WriterSchema

SUB = {
    "type": "record",
    "name": "Sub",
    "fields": [
        {"name": "x", "type": ["null", "double"]},
        {"name": "flag", "type": ["null", "boolean"]},
        {"name": "text", "type": "string"},
        {"name": "count", "type": "long"},
        {"name": "kind", "type": {"type": "enum", "name": "Kind", "symbols": ["A", "B"]}},
        {"name": "fixed", "type": {"type": "fixed", "name": "Three", "size": 3}},
    ],
}
SCHEMA = {
    "type": "record",
    "name": "Record",
    "fields": [
        {"name": "number", "type": "long"},
        {"name": "optional", "type": ["null", "string"]},
        {"name": "sub", "type": SUB},
        {"name": "history", "type": ["null", {"type": "array", "items": "Sub"}]},
        {"name": "properties", "type": {"type": "map", "values": ["null", "int"]}},
        {"name": "stamp", "type": ["null", "bytes"]},
        {"name": "last", "type": "float"},
    ],
}
PARSED = fastavro.parse_schema(SCHEMA)

subs = st.fixed_dictionaries(
    {
        "x": st.none() | st.floats(allow_nan=False),
        "flag": st.none() | st.booleans(),
        "text": st.text(max_size=50),
        "count": st.integers(-(2**63), 2**63 - 1),
        "kind": st.sampled_from("AB"),
        "fixed": st.binary(min_size=3, max_size=3),
    }
)
records = st.fixed_dictionaries(
    {
        "number": st.integers(-(2**63), 2**63 - 1),
        "optional": st.none() | st.text(max_size=100),
        "sub": subs,
        "history": st.none() | st.lists(subs, max_size=5),
        "properties": st.dictionaries(st.text(max_size=5), st.none() | st.integers(-(2**31), 2**31 - 1), max_size=3),
        "stamp": st.none() | st.binary(max_size=200),
        "last": st.floats(width=32, allow_nan=False),
    }
)


RECORD = {
    "number": 1,
    "optional": None,
    "sub": {"x": None, "flag": None, "text": "", "count": 0, "kind": "A", "fixed": b"abc"},
    "history": None,
    "properties": {},
    "stamp": None,
    "last": 0.0,
}


def encoded(record: dict, schema: object = PARSED) -> bytes:
    buffer = io.BytesIO()
    fastavro.schemaless_writer(buffer, schema, record)
    return buffer.getvalue()


@given(records)
def test_fields_end_where_fastavro_ends_them(record: dict) -> None:
    schema, body = WriterSchema(json.dumps(SCHEMA)), encoded(record)
    spans = schema.spans(body)
    assert max(end for _, end in spans.values()) == len(body)
    assert {name: schema.decode(body, spans, name) for name in schema.fields} == fastavro.schemaless_reader(
        io.BytesIO(body), PARSED, None
    )


REMEMBERING = WriterSchema(json.dumps(SCHEMA))


@given(records)
def test_layouts_of_others_that_were_met_before_change_nothing(record: dict) -> None:
    body = encoded(record)
    assert REMEMBERING.spans(body) == WriterSchema(json.dumps(SCHEMA)).spans(body)


@given(records, st.data())
def test_damage_is_found_where_a_full_decode_finds_it(record: dict, data: st.DataObject) -> None:
    body = bytearray(encoded(record))
    for _ in range(data.draw(st.integers(1, 3))):
        body[data.draw(st.integers(0, len(body) - 1))] ^= 1 << data.draw(st.integers(0, 7))
    assert_walked_as_decoded(WriterSchema(json.dumps(SCHEMA)), bytes(body[: data.draw(st.integers(1, len(body)))]))


def assert_walked_as_decoded(schema: WriterSchema, damaged: bytes) -> None:
    try:
        source = io.BytesIO(damaged)
        decoded = fastavro.schemaless_reader(source, PARSED, None, handle_unicode_errors="surrogateescape")
        end = source.tell()
    except (EOFError, IndexError, ValueError):
        decoded, end = None, -1
    try:
        walked = schema.spans(damaged)["last"][1]
    except UnreadableError:
        walked = -1
    if walked != -1:
        assert walked == end
    elif decoded is not None:
        # fastavro takes negative branches and overlong numbers too, which no writer writes.
        assert encoded(_without_surrogates(decoded)) != damaged[:end]


runs = st.lists(st.tuples(subs, st.integers(1, 60)), min_size=1, max_size=4)


@given(records, runs, st.data())
def test_runs_of_items_alike_end_where_fastavro_ends_them(record: dict, runs: list, data: st.DataObject) -> None:
    history = [item | {"count": item["count"] ^ n % 2} for item, often in runs for n in range(often)]
    body = bytearray(encoded(record | {"history": history}))
    assert REMEMBERING.spans(bytes(body))["last"][1] == len(body)
    if data.draw(st.booleans()):
        body[data.draw(st.integers(0, len(body) - 1))] ^= 1 << data.draw(st.integers(0, 7))
    assert_walked_as_decoded(REMEMBERING, bytes(body[: data.draw(st.integers(1, len(body)))]))


def test_long_histories_are_compared_in_runs() -> None:
    item = {"x": 0.5, "flag": None, "text": "r", "count": 2**40, "kind": "A", "fixed": b"abc"}
    history = [item | {"count": 2**40 + n} for n in range(4000)]
    body = encoded(RECORD | {"history": history})
    schema = WriterSchema(json.dumps(SCHEMA))
    spans = schema.spans(body)
    assert schema.decode(body, spans, "history") == history
    first, _ = spans["history"]
    item_bytes = (spans["history"][1] - first) // len(history)
    for at in (first + 5 + n * item_bytes for n in (3, 700, 3990)):  # the branch or a length of an item far inside
        damaged = bytearray(body)
        damaged[at : at + item_bytes] = b"\xff" * item_bytes
        with pytest.raises(UnreadableError):
            schema.spans(bytes(damaged))


def _without_surrogates(value: object) -> object:
    """Put marks where text was damaged: fastavro writes no surrogates."""
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode()
    if isinstance(value, dict):
        return {_without_surrogates(key): _without_surrogates(item) for key, item in value.items()}
    return [_without_surrogates(item) for item in value] if isinstance(value, list) else value


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ({"type": "array", "items": "null"}, b"\xfe\xff\xff\xff\xff\xff\xff\xff\x7f\x00"),
        ({"type": "array", "items": "long"}, b"\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x02\x00"),
        ("bytes", b"\xfe\xff\xff\xff\xff\xff\xff\xff\x7f"),
        ("string", b"\x01"),
        (["null", "int"], b"\x04\x02"),
        ({"type": "fixed", "name": "Huge", "size": 2**60}, b"\x00"),
        ({"type": "array", "items": {"type": "fixed", "name": "Huge", "size": 2**60}}, b"\x02\x00"),
    ],
    ids=[
        "items of no bytes",
        "overlong count",
        "endless bytes",
        "negative length",
        "unknown branch",
        "huge fixed",
        "items with a huge fixed",
    ],
)
def test_hostile_lengths_are_refused_at_once(kind: object, body: bytes) -> None:
    schema = WriterSchema(json.dumps({"type": "record", "name": "R", "fields": [{"name": "f", "type": kind}]}))
    with pytest.raises(UnreadableError):
        schema.spans(body)


def test_a_type_inside_itself_is_walked_and_nesting_without_end_refused() -> None:
    tree = {"type": "record", "name": "Tree", "fields": [{"name": "child", "type": ["null", "Tree"]}]}
    schema = WriterSchema(json.dumps(tree))
    assert schema.spans(b"\x02\x02\x00") == {"child": (0, 3)}
    with pytest.raises(UnreadableError):
        schema.spans(b"\x02" * 100_000)


def test_a_schema_that_repeats_itself_many_times_over_stays_small() -> None:
    kind: object = "null"
    for level in range(60):
        kind = {
            "type": "record",
            "name": f"L{level}",
            "fields": [{"name": "a", "type": kind}, {"name": "b", "type": f"L{level - 1}" if level else "null"}],
        }
    schema = WriterSchema(json.dumps({"type": "record", "name": "R", "fields": [{"name": "f", "type": kind}]}))
    assert schema.spans(b"") == {"f": (0, 0)}
