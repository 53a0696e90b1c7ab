from __future__ import annotations

import json
import math

from hypothesis import given
from hypothesis import strategies as st

from consumers.finite import finite

WORDS = st.text("abc")
RECORDS = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | WORDS,
    lambda inner: st.lists(inner) | st.dictionaries(WORDS, inner),
)


@given(RECORDS)
def test_what_is_left_is_json_and_nothing_else_is_changed(value: object) -> None:
    loosely = json.dumps(value)
    for no_number in ("NaN", "-Infinity", "Infinity"):
        loosely = loosely.replace(no_number, "null")
    assert json.dumps(finite(value), allow_nan=False) == loosely


def test_a_number_that_is_none_becomes_null_however_deep_it_lies() -> None:
    record = {"score": math.nan, "found": [{"distance": math.inf, "id": "NaN"}, -math.inf], "n": 3, "x": 0.5}
    assert finite(record) == {"score": None, "found": [{"distance": None, "id": "NaN"}, None], "n": 3, "x": 0.5}
