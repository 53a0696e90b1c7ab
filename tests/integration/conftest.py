"""Real servers, started once for all integration tests."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from consumers import names
from ops.local_kafka import LocalKafka
from ops.local_registry import LocalRegistry
from tests.broker.packets import ztf_files
from tests.integration.workers import Cluster


@pytest.fixture(scope="session")
def kafka() -> Iterator[LocalKafka]:
    """A running Kafka; tests keep apart by the names of their topics and groups."""
    with LocalKafka() as broker:
        yield broker


@pytest.fixture(scope="module")
def own_kafka() -> Iterator[LocalKafka]:
    """A Kafka that the tests of one module have for themselves, with all that is in its topics."""
    with LocalKafka() as broker:
        yield broker


@pytest.fixture
def embeddings_cluster(own_kafka: LocalKafka) -> Iterator[Cluster]:
    """A cluster whose embeddings are one test's own."""
    cluster = Cluster(own_kafka)
    yield cluster
    cluster.delete(names.EMBEDDINGS)


@pytest.fixture
def digest() -> str:
    """A backbone's that no other test has: they share the servers."""
    return uuid.uuid4().hex


@pytest.fixture(scope="session")
def registry() -> Iterator[LocalRegistry]:
    """A running schema registry; tests keep apart by the names of their subjects."""
    with LocalRegistry() as server:
        yield server


@pytest.fixture
def cluster(kafka: LocalKafka) -> Cluster:
    """An input and a group of the test's own on the Kafka that all share."""
    return Cluster(kafka)


@pytest.fixture
def own_cluster() -> Iterator[Cluster]:
    """For tests that change topics which the others share."""
    with LocalKafka() as kafka:
        yield Cluster(kafka)


@pytest.fixture
def ztf(shared_data: Path) -> list[bytes]:
    """Real packets."""
    return [file.read_bytes() for file in ztf_files(shared_data)[:60]]


@pytest.fixture
def topic(kafka: LocalKafka) -> Callable[..., str]:
    """Creates a topic of a unique name: ``topic()``, ``topic("alerts", partitions=4, **config)``."""

    def create(stem: str = "topic", partitions: int = 1, **config: str) -> str:
        name = f"{stem}-{uuid.uuid4().hex[:8]}"
        kafka.create_topics({name: partitions}, {key.replace("_", "."): value for key, value in config.items()})
        return name

    return create
