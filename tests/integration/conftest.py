"""Real servers, started once for all integration tests."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator

import pytest

from ops.local_kafka import LocalKafka
from ops.local_registry import LocalRegistry


@pytest.fixture(scope="session")
def kafka() -> Iterator[LocalKafka]:
    """A running Kafka; tests keep apart by the names of their topics and groups."""
    with LocalKafka() as broker:
        yield broker


@pytest.fixture(scope="session")
def registry() -> Iterator[LocalRegistry]:
    """A running schema registry; tests keep apart by the names of their subjects."""
    with LocalRegistry() as server:
        yield server


@pytest.fixture
def topic(kafka: LocalKafka) -> Callable[..., str]:
    """Creates a topic of a unique name: ``topic()``, ``topic("alerts", partitions=4, **config)``."""

    def create(stem: str = "topic", partitions: int = 1, **config: str) -> str:
        name = f"{stem}-{uuid.uuid4().hex[:8]}"
        kafka.create_topics({name: partitions}, {key.replace("_", "."): value for key, value in config.items()})
        return name

    return create
