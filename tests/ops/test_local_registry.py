"""A real registry, through Confluent's own client."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
from confluent_kafka.schema_registry import Schema, SchemaRegistryClient
from confluent_kafka.schema_registry.error import SchemaRegistryError

from ops.errors import ServerError
from ops.local_registry import LocalRegistry


def record(*names: str) -> Schema:
    fields = [{"name": name, "type": "int"} for name in names]
    return Schema(json.dumps({"type": "record", "name": "Row", "fields": fields}), "AVRO")


@pytest.fixture(scope="module")
def registry() -> Iterator[LocalRegistry]:
    with LocalRegistry() as registry:
        yield registry


@pytest.fixture
def client(registry: LocalRegistry) -> Iterator[SchemaRegistryClient]:
    with SchemaRegistryClient({"url": registry.url}) as client:
        yield client


def test_schema_is_registered_once_and_found_by_its_id(registry: LocalRegistry, client: SchemaRegistryClient) -> None:
    schema_id = client.register_schema("rows-value", record("a"))
    with SchemaRegistryClient({"url": registry.url}) as other:  # one that has not cached it
        assert other.register_schema("rows-value", record("a")) == schema_id
        found = other.get_schema(schema_id).schema_str
    assert found is not None
    assert [field["name"] for field in json.loads(found)["fields"]] == ["a"]


def test_unknown_id_is_answered_with_404(client: SchemaRegistryClient) -> None:
    with pytest.raises(SchemaRegistryError) as unknown:
        client.get_schema(987654)
    assert unknown.value.http_status_code == 404


def test_incompatible_schema_is_refused(client: SchemaRegistryClient) -> None:
    client.register_schema("strict-value", record("a"))
    client.set_compatibility("strict-value", "BACKWARD")
    with pytest.raises(SchemaRegistryError, match=r"(?i)incompatible"):
        client.register_schema("strict-value", record("a", "b"))  # b has no default


def test_starting_twice_is_refused(registry: LocalRegistry) -> None:
    with pytest.raises(ServerError, match="running already"):
        registry.start()
    assert registry.running
