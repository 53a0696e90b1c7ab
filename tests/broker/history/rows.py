"""Rows for tests, and processes that write them."""

from __future__ import annotations

import zlib
from itertools import count
from typing import TYPE_CHECKING

import numpy as np

from broker.history.embedding_bytes import half
from broker.history.history import Epoch, Row, Series
from broker.history.opening import open_history

if TYPE_CHECKING:
    from multiprocessing.connection import Connection

BATCH_SERIES = 16
BATCH_EPOCHS = 20


def embedding(seed: str, size: int = 8) -> np.ndarray:
    return half(np.random.default_rng(zlib.crc32(seed.encode())).normal(size=size).astype(np.float32))


def epoch(number: int, size: int = 8) -> Epoch:
    return Epoch(f"e{number}", 60000.0 + number, embedding(str(number), size))


def series(object_id: str = "object", band: str = "g", digest: str = "d") -> Series:
    return Series("ztf", object_id, band, digest)


def rows(number: int) -> list[Row]:
    """A batch: new series, each with all of its epochs."""
    return [
        Row(series(f"{number}-{one}"), epoch(other, 1280))
        for one in range(BATCH_SERIES)
        for other in range(BATCH_EPOCHS)
    ]


def write_until_killed(url: str, digest: str, done: Connection) -> None:
    """Write batch after batch, and tell of each once it is written."""
    history = open_history(url)
    for number in count():
        history.append([Row(series(row.series.object_id, digest=digest), row.epoch) for row in rows(number)])
        done.send(number)


def write_shares(url: str, digest: str, start: int, step: int, epochs: int) -> None:
    """Write every `step`-th of an object's epochs, one at a time, each twice."""
    history = open_history(url)
    for number in range(start, epochs, step):
        for _ in range(2):
            history.append([Row(series(digest=digest), epoch(number))])
    history.close()
