"""The most values that some bytes can hold is never less than what they do hold, and small for survey's packets."""

from __future__ import annotations

import io
import json
import math
from typing import Any

import fastavro
from hypothesis import given
from hypothesis import strategies as st

from schemas.unfolding import Unfolding

SCHEMA = {
    "type": "record",
    "name": "R",
    "fields": [
        {"name": "a", "type": ["null", {"type": "record", "name": "S", "fields": [{"name": "x", "type": "null"}]}]},
        {"name": "b", "type": {"type": "array", "items": ["null", "S", "string"]}},
        {"name": "c", "type": {"type": "map", "values": {"type": "array", "items": "int"}}},
        {"name": "d", "type": ["null", "R"]},
    ],
}
NAMES: dict[str, Any] = {}
PARSED = fastavro.parse_schema(SCHEMA, NAMES)

small = st.none() | st.just({"x": None})
records = st.recursive(
    st.fixed_dictionaries(
        {
            "a": small,
            "b": st.lists(small | st.text(max_size=2), max_size=4),
            "c": st.dictionaries(st.text(max_size=2), st.lists(st.integers(0, 9), max_size=4), max_size=3),
            "d": st.none(),
        }
    ),
    lambda inner: inner.flatmap(lambda one: inner.map(lambda other: {**one, "d": other})),
    max_leaves=3,
)


def values(held: Any) -> int:
    """How many there are, each record, array and map one, and each choice of a union one more."""
    if isinstance(held, dict):
        return 1 + sum(map(values, held.values()))
    return 1 + sum(map(values, held)) if isinstance(held, list) else 1


@given(records)
def test_no_record_holds_more_than_is_told(record: dict[str, Any]) -> None:
    stream = io.BytesIO()
    fastavro.schemaless_writer(stream, PARSED, record)
    assert values(record) <= Unfolding(NAMES).bound("R").of(len(stream.getvalue())) < math.inf


def test_types_that_hold_no_array_have_a_most_whatever_the_bytes() -> None:
    assert Unfolding(NAMES).bound("S").of(10**9) == 2
    assert Unfolding({}).bound(["null", "bytes"]).of(10**9) == 2


def test_a_type_that_doubles_itself_is_counted_in_no_time() -> None:
    kind: Any = "null"
    for level in range(200):
        kind = {
            "type": "record",
            "name": f"L{level}",
            "fields": [{"name": "a", "type": kind}, {"name": "b", "type": f"L{level - 1}" if level else "null"}],
        }
    names: dict[str, Any] = {}
    fastavro.parse_schema(json.loads(json.dumps(kind)), names)
    assert Unfolding(names).bound("L199").of(0) > 2**200
