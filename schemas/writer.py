"""The schema that a record was written with, and what it becomes when an annotation is appended."""

from __future__ import annotations

import io
import json
from functools import cached_property
from typing import Any

import fastavro

import schemas
from schemas.errors import DeadReason, UnreadableError
from schemas.unfolding import Bound, Unfolding
from schemas.walk import RecordWalker

#: The field that Sosia appends, always the last, so that the survey's own bytes stay untouched before it.
ANNOTATION_FIELD = "annotation"
#: What fastavro raises on bytes or schemas that do not fit; RecursionError for schemas nested without end.
AVRO_ERRORS = (
    EOFError, ValueError, IndexError, KeyError, TypeError, AttributeError, OverflowError, RecursionError,
    fastavro.schema.SchemaParseException, fastavro.schema.UnknownType, fastavro.read.SchemaResolutionError,
)  # fmt: skip
#: Rubin's largest schema has 59 kB; more than this is no survey's schema but an attack on the parser.
_LONGEST_SCHEMA = 500_000
#: A field that may hold more values is not decoded: thousands of detections of a hundred numbers are fewer.
_MOST_VALUES = 1_000_000

Spans = dict[str, tuple[int, int]]


class WriterSchema:
    """A record schema, parsed once and used for every record that was written with it.

    Parameters
    ----------
    text : str or bytes
        The schema as JSON.

    Attributes
    ----------
    json : dict
        The schema as it was written.
    name : str
        The record's full name.
    fields : tuple of str
        Names of the top-level fields, in order.
    size : int
        Length of the text [bytes]: the memory that all of this takes is some fifty times that.
    annotated : bool
        Whether records already end with one of our annotations.

    Raises
    ------
    UnreadableError
        The text is no Avro schema of a record.
    """

    def __init__(self, text: str | bytes) -> None:
        if len(text) > _LONGEST_SCHEMA:
            raise UnreadableError(DeadReason.SCHEMA_INVALID, f"the schema has {len(text)} bytes")
        self.size = len(text)
        names: dict[str, Any] = {}
        try:
            # Without the marks by which fastavro knows what it has parsed: what bears them is believed as it stands.
            self.json = {key: value for key, value in json.loads(text).items() if not key.startswith("__")}
            parsed = fastavro.parse_schema(_as_written(self.json), names)
            if not isinstance(parsed, dict) or parsed.get("type") != "record":
                raise UnreadableError(DeadReason.SCHEMA_INVALID, "the schema is not one of a record")
            self.name: str = parsed["name"]
            self._walker = RecordWalker(parsed, names)
            self._types = {field["name"]: field["type"] for field in parsed["fields"]}
        except AVRO_ERRORS as error:
            raise UnreadableError(DeadReason.SCHEMA_INVALID, f"{type(error).__name__}: {error}") from error
        self._names = names
        self._unfolding = Unfolding(names)
        self._bounds: dict[str, Bound] = {}
        self.fields = tuple(self._types)
        self.annotated = _is_annotated(parsed)
        if ANNOTATION_FIELD in self.fields and not self.annotated:
            raise UnreadableError(DeadReason.SCHEMA_INVALID, f"the survey has a field {ANNOTATION_FIELD} of its own")
        self._readers: dict[str, Any] = {}

    def spans(self, body: bytes, start: int = 0) -> Spans:
        """Return where each top-level field begins and ends; see `RecordWalker.spans`."""
        return self._walker.spans(body, start)

    def decode(self, body: bytes, spans: Spans, field: str) -> Any:
        """Decode one top-level field.

        Parameters
        ----------
        body : bytes
            The encoded record.
        spans : dict
            Of this record, from `spans`.
        field : str
            Which one; a field that the schema lacks is None.

        Raises
        ------
        UnreadableError
            The bytes do not fit the schema.
        """
        if field not in self._types:
            return None
        first, last = spans[field]
        try:
            if field not in self._bounds:
                self._bounds[field] = self._unfolding.bound(self._types[field])
            if self._bounds[field].of(last - first) > _MOST_VALUES:
                raise UnreadableError(DeadReason.LENGTHS, f"field {field} may hold more than {_MOST_VALUES} values")
            if field not in self._readers:
                alone = _alone(field, self._types[field], self._names)
                self._readers[field] = fastavro.parse_schema(alone)
            # Damaged text is not damaged structure: it is read with marks where it is wrong.
            record = fastavro.schemaless_reader(
                io.BytesIO(body[first:last]), self._readers[field], None, handle_unicode_errors="replace"
            )
        except AVRO_ERRORS as error:
            raise UnreadableError(DeadReason.LENGTHS, f"field {field}: {type(error).__name__}: {error}") from error
        return record["value"]  # type: ignore[index, call-overload]  # the wrapping record of `_alone`

    def encode(self, field: str, value: Any) -> bytes:
        """Encode one top-level field: the inverse of `decode`."""
        if field not in self._readers:
            self._readers[field] = fastavro.parse_schema(_alone(field, self._types[field], self._names))
        buffer = io.BytesIO()
        fastavro.schemaless_writer(buffer, self._readers[field], {"value": value})
        return buffer.getvalue()

    @cached_property
    def annotatable(self) -> bool:
        """Whether the annotation can be appended: no type of the survey's has the name of one of the annotation's."""
        try:
            fastavro.parse_schema(_as_written(self.derived), {})
        except AVRO_ERRORS:
            return False
        return True

    @property
    def derived(self) -> dict[str, Any]:
        """The same schema, same full name, with the annotation as its last field."""
        fields = self.json["fields"][:-1] if self.annotated else self.json["fields"]
        appended = {"name": ANNOTATION_FIELD, "type": ["null", schemas.load("annotation")], "default": None}
        return {**self.json, "fields": [*fields, appended]}


def _is_annotated(parsed: dict[str, Any]) -> bool:
    """Whether records already end with one of our annotations."""
    last = parsed["fields"][-1] if parsed["fields"] else {"name": ""}
    return last["name"] == ANNOTATION_FIELD and any(
        isinstance(branch, dict) and branch.get("name") == "sosia.Annotation" for branch in last["type"]
    )


def _as_written(kind: Any) -> Any:
    """Drop what reading does not need.

    Some surveys' defaults break the standard, and parsers then refuse. Of logical types only times are kept: the
    digits of one decimal, of which a packet may claim millions, take minutes.
    """
    if isinstance(kind, dict):
        return {
            key: _as_written(value)
            for key, value in kind.items()
            if key != "default" and not (key == "logicalType" and not str(value).startswith("timestamp"))
        }
    return [_as_written(part) for part in kind] if isinstance(kind, list) else kind


def _alone(name: str, kind: Any, names: dict[str, Any]) -> dict[str, Any]:
    """Return one field as a record schema of its own: types named elsewhere are defined where first met."""
    defined: set[str] = set()

    def inline(part: Any) -> Any:
        if isinstance(part, list):
            return [inline(branch) for branch in part]
        if isinstance(part, str) and part in names and part not in defined:
            part = names[part]
        if not isinstance(part, dict):
            return part
        if "name" in part and part["type"] in ("record", "enum", "fixed"):
            if part["name"] in defined:
                return part["name"]
            defined.add(part["name"])
        whole = {key: value for key, value in part.items() if not key.startswith("__")}
        for key in ("type", "items", "values"):
            if key in whole and whole[key] not in ("record", "enum", "fixed", "array", "map", "error"):
                whole[key] = inline(whole[key])
        if "fields" in whole:
            whole["fields"] = [{**field, "type": inline(field["type"])} for field in whole["fields"]]
        return whole

    return {"type": "record", "name": f"sosia.field.{name}", "fields": [{"name": "value", "type": inline(kind)}]}
