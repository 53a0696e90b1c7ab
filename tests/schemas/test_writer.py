"""Writers' schemas: parsed leniently, derived exactly."""

import json

import fastavro
import pytest

import schemas
from schemas.errors import DeadReason, UnreadableError
from schemas.writer import WriterSchema


def test_the_derived_schema_is_the_writers_own_with_the_annotation_last() -> None:
    own = {
        "type": "record",
        "name": "alert",
        "namespace": "some.survey",
        "doc": "d",
        "fields": [{"name": "id", "type": "long"}],
    }
    derived = WriterSchema(json.dumps(own)).derived
    assert {**derived, "fields": derived["fields"][:-1]} == own
    assert derived["fields"][-1] == {
        "name": "annotation",
        "type": ["null", schemas.load("annotation")],
        "default": None,
    }
    assert fastavro.parse_schema(derived)["name"] == "some.survey.alert"


def test_a_derived_schema_is_derived_only_once() -> None:
    own = {"type": "record", "name": "alert", "fields": [{"name": "id", "type": "long"}]}
    derived = WriterSchema(json.dumps(own)).derived
    assert WriterSchema(json.dumps(derived)).annotated
    assert WriterSchema(json.dumps(derived)).derived == derived


@pytest.mark.parametrize("name", ["sosia.Annotation", "sosia.Backbone"])
def test_a_name_of_the_annotations_own_types_leaves_no_place_for_it(name: str) -> None:
    taken = {"type": "record", "name": name, "fields": [{"name": "x", "type": "long"}]}
    own = {"type": "record", "name": "alert", "fields": [{"name": "id", "type": "long"}, {"name": "t", "type": taken}]}
    assert not WriterSchema(json.dumps(own)).annotatable
    own["fields"] = own["fields"][:1]
    free = WriterSchema(json.dumps(own))
    assert free.annotatable
    assert WriterSchema(json.dumps(free.derived)).annotatable


def test_defaults_that_break_the_standard_do_not_matter() -> None:
    own = {"type": "record", "name": "alert", "fields": [{"name": "id", "type": "long", "default": "none"}]}
    assert WriterSchema(json.dumps(own)).fields == ("id",)


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"{",
        b"[]",
        b'"string"',
        b'{"type": "record", "name": "a", "fields": [{"name": "b", "type": "missing"}]}',
        b'{"type": "record", "name": "a", "fields": [{"name": "annotation", "type": "long"}]}',
        b'{"type": "record", "name": "a", "fields": 3}',
        b'{"type": "record", "name": 5, "fields": [], "__fastavro_parsed": true, "__named_schemas": {}}',
        b'{"type":"array","items":' * 5000,
        b" " * 3_000_000,
    ],
)
def test_what_is_no_record_schema_is_refused(text: bytes) -> None:
    with pytest.raises(UnreadableError) as refused:
        WriterSchema(text)
    assert refused.value.reason == DeadReason.SCHEMA_INVALID
