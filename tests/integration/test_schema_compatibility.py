"""Our own schemas within a major version: a real registry takes what old readers can read, and refuses the rest."""

from __future__ import annotations

import copy
import json
import uuid
from typing import Any

import pytest

import schemas
from consumers.registry import RegistrySource
from ops.local_registry import LocalRegistry
from schemas.errors import SchemaSourceDownError

PUBLISHED = ("annotation", "embedding", "epoch_stamp")


@pytest.fixture
def source(registry: LocalRegistry) -> RegistrySource:
    return RegistrySource(registry.url, patience_s=0.0)


def register(source: RegistrySource, subject: str, schema: dict[str, Any]) -> int:
    return source.register(subject, json.dumps(schema), "FORWARD_TRANSITIVE")


def changed(name: str) -> dict[str, Any]:
    return copy.deepcopy(schemas.load(name))


@pytest.mark.parametrize("name", PUBLISHED)
def test_a_field_may_be_added_and_added_again(name: str, source: RegistrySource) -> None:
    subject, schema = f"{name}-{uuid.uuid4().hex}", changed(name)
    numbers = [register(source, subject, schema)]
    for added in ("second", "third"):
        schema = copy.deepcopy(schema)
        schema["fields"].append({"name": added, "type": ["null", "string"], "default": None})
        numbers.append(register(source, subject, schema))
    assert len(set(numbers)) == 3


@pytest.mark.parametrize("name", PUBLISHED)
def test_a_field_that_old_readers_need_stays(name: str, source: RegistrySource) -> None:
    subject, schema = f"{name}-{uuid.uuid4().hex}", changed(name)
    register(source, subject, schema)
    schema["fields"] = [field for field in schema["fields"] if field["name"] != "objectId"]
    with pytest.raises(SchemaSourceDownError, match="did not register"):
        register(source, subject, schema)


@pytest.mark.parametrize("name", PUBLISHED)
def test_a_fields_type_stays(name: str, source: RegistrySource) -> None:
    subject, schema = f"{name}-{uuid.uuid4().hex}", changed(name)
    register(source, subject, schema)
    (field,) = [field for field in schema["fields"] if field["name"] == "objectId"]
    field["type"] = "long"
    with pytest.raises(SchemaSourceDownError, match="did not register"):
        register(source, subject, schema)


def test_a_version_is_held_against_all_before_it_and_not_only_the_last(source: RegistrySource) -> None:
    """A field that was added and then changes its type: readers of the version between would fail."""
    subject, schema = f"annotation-{uuid.uuid4().hex}", changed("annotation")
    first = copy.deepcopy(schema)
    schema["fields"].append({"name": "more", "type": "long", "default": 0})
    register(source, subject, schema)
    register(source, subject, first)  # a field with a default may go again
    first["fields"].append({"name": "more", "type": "string", "default": ""})
    with pytest.raises(SchemaSourceDownError, match="did not register"):
        register(source, subject, first)
