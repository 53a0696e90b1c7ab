from __future__ import annotations

import json
import uuid

import pytest

from consumers.names import subject
from consumers.registry import RegistrySource
from ops.local_registry import LocalRegistry
from schemas.errors import DeadReason, UnreadableError


def alert(name: str, *fields: str) -> str:
    return json.dumps({"type": "record", "name": name, "fields": [{"name": field, "type": "long"} for field in fields]})


@pytest.fixture
def source(registry: LocalRegistry) -> RegistrySource:
    return RegistrySource(registry.url)


def test_what_is_registered_is_found_by_its_number(registry: LocalRegistry, source: RegistrySource) -> None:
    name = f"alert_{uuid.uuid4().hex}"
    number = source.register(subject("sosia.lsst.annotated.v1", name), alert(name, "a", "b"))
    assert RegistrySource(registry.url).get(number).fields == ("a", "b")


def test_registering_again_changes_nothing(registry: LocalRegistry, source: RegistrySource) -> None:
    name = f"alert_{uuid.uuid4().hex}"
    number = source.register(f"topic-{name}", alert(name, "a"))
    assert source.register(f"topic-{name}", alert(name, "a")) == number
    assert RegistrySource(registry.url).register(f"topic-{name}", alert(name, "a")) == number


def test_a_subject_takes_a_schema_that_fits_none_before(source: RegistrySource) -> None:
    name = f"alert_{uuid.uuid4().hex}"
    first = source.register(f"topic-{name}", alert(name, "a"))
    second = source.register(f"topic-{name}", alert(name, "b", "c"))
    assert first != second
    assert source.get(second).fields == ("b", "c")


def test_an_unknown_number_is_a_definite_answer(source: RegistrySource) -> None:
    with pytest.raises(UnreadableError) as caught:
        source.get(987_654_321)
    assert caught.value.reason is DeadReason.SCHEMA_UNKNOWN


def test_a_schema_that_the_registry_refuses_is_the_packets_fault(source: RegistrySource) -> None:
    refused = {"type": "record", "name": "alert", "fields": [{"name": "a", "type": "long", "default": "one"}]}
    with pytest.raises(UnreadableError) as caught:
        source.register(f"topic-{uuid.uuid4().hex}", json.dumps(refused))
    assert caught.value.reason is DeadReason.SCHEMA_INVALID
    assert "does not take it" in caught.value.detail
