"""Made-up records and outcomes for tests of how they are batched, counted and committed."""

from __future__ import annotations

from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

from consumers.worker.batch import Annotated, Dead, Headers, Record
from schemas.errors import DeadReason
from tests.broker.annotations import annotation_of

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)


class Clock:
    """Seconds that pass only when told."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def record(
    offset: int,
    value: bytes | None = b"value",
    *,
    topic: str = "alerts",
    partition: int = 0,
    headers: Headers = (),
    key: bytes | None = b"key",
) -> Record:
    return Record(topic, partition, offset, key, value, headers, 1_700_000_000_000, NOW)


def dead(offset: int, reason: DeadReason = DeadReason.FRAMING, **arguments: Any) -> Dead:
    return Dead(record(offset, **arguments), reason, "broken")


def annotated(offset: int, epoch: str | None = None, size: int = 10, **arguments: Any) -> Annotated:
    packet: Any = SimpleNamespace(
        survey=SimpleNamespace(name="ztf"), object_id="ZTF1", epoch_id=epoch or str(offset),
        band="g", mjd=60000.0, ra=1.0, dec=2.0,
    )  # fmt: skip
    return Annotated(record(offset, **arguments), annotation_of(packet), b"p" * size, b"s")
