"""What the page tells of an alert's look-alikes: its embedding is a Kafka record, which anybody may have written."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from broker.novelty.build import build
from broker.novelty.recipe import Recipe
from broker.novelty.sighting import Sighting
from consumers.page.board import Entry
from consumers.page.look_alikes import LookAlikes
from schemas.errors import NoveltyIndexError
from tests.broker.novelty.rows import row, sightings
from tests.consumers.client.annotations import START, annotation

ENTRY = Entry(0, "sosia.ztf.scores.v1", 0, START, "ztf/0/0", annotation(0))


class Published:
    """In the place of `Packets`: one record, as if it had been found in the topic."""

    def __init__(self, one: Sighting) -> None:
        self._record = row(one)

    def find_in(self, topic: str, entry: Entry, wanted: Callable[[bytes], bool]) -> bytes | None:
        return self._record if wanted(self._record) else None


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("index")
    build(sightings(20), folder, Recipe(axes=4))
    return folder


def test_they_come_nearest_first(root: Path) -> None:
    found = LookAlikes(root, Published(sightings(1, seed=5)[0]), None).find(ENTRY)["lookAlikes"]
    distances = [one["distance"] for one in found]
    assert distances == sorted(distances)
    assert len(distances) > 5


@pytest.mark.parametrize("embedding", [np.full(12, np.nan), np.full(12, np.inf), np.ones(3), np.ones(0)])
def test_an_embedding_that_is_none_is_told(root: Path, embedding: np.ndarray) -> None:
    (one, *_) = sightings(1, seed=5)
    broken = Published(replace(one, embedding=embedding.astype(np.float16)))
    with pytest.raises(NoveltyIndexError, match="embedding is damaged"):
        LookAlikes(root, broken, None).find(ENTRY)
