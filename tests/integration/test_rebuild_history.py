"""A history that was lost is written again from what a real Kafka holds."""

from __future__ import annotations

import shutil
import sqlite3
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from broker.annotator import Finding
from broker.embedding_record import embedding_record
from broker.history.embedding_bytes import half
from broker.history.history import Question, Series
from broker.history.opening import open_history
from broker.history.sqlite import SqliteHistory
from broker.history.sqlite_file import PAGE_BYTES
from consumers import names
from consumers.cli import main
from consumers.rebuild_history import open_whole_history, rebuild
from consumers.settings import Settings
from schemas.errors import ConfigurationError, HistoryError
from schemas.framing import wire
from schemas.own import unpack
from tests.broker.annotations import annotation_of
from tests.broker.packets import one_object
from tests.integration.workers import Cluster, WorkerProcess, wait_until

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from tests.redis_server import RedisServer

KEPT = 5


@pytest.fixture
def cluster(embeddings_cluster: Cluster) -> Cluster:
    return embeddings_cluster


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "history.sqlite"


def value(digest: str, object_id: str, number: int, *, in_history: bool = True) -> bytes:
    packet: Any = SimpleNamespace(
        survey=SimpleNamespace(name="ztf"), object_id=object_id, epoch_id=f"e{number}",
        band="g", mjd=60000.0 + number, ra=1.0, dec=2.0,
    )  # fmt: skip
    annotation = annotation_of(packet, digest)
    place = np.random.default_rng([number, len(object_id)]).normal(size=1280).astype(np.float32)
    payload = embedding_record(Finding(annotation, half(place), in_history=in_history))
    assert payload is not None
    return payload


def publish(cluster: Cluster, values: Iterable[bytes], *, commit: bool = True) -> None:
    cluster.produce_at_once(values, names.EMBEDDINGS, commit=commit)


@pytest.fixture
def published(cluster: Cluster, digest: str) -> Cluster:
    """Eight epochs of one object, one of another, and what has no history."""
    publish(cluster, [value(digest, "one", number) for number in (3, 1, 0, 7, 2, 5, 6)])
    publish(cluster, [value(digest, "aborted", 1)], commit=False)
    publish(cluster, [value(digest, "ss:1", 1, in_history=False), b"no row", value(digest, "one", 4)])
    publish(cluster, [value(digest, "other", 1), value(digest, "one", 4)])
    return cluster


def settings(cluster: Cluster, url: str, **embeddings: bool) -> Settings:
    return Settings(
        kafka={"bootstrap_servers": cluster.kafka.bootstrap},
        history={"url": url, "epochs": KEPT},
        embeddings=embeddings,
    )


def kept(url: str, digest: str) -> dict[str, list[str]]:
    history = open_history(url)
    objects = ["one", "other", "aborted", "ss:1"]
    answers = history.earlier([Question(Series("ztf", one, "g", digest), "", np.inf) for one in objects])
    history.close()
    return {name: [one.epoch_id for one in answer] for name, answer in zip(objects, answers, strict=True)}


EXPECTED = {"one": ["e7", "e6", "e5", "e4", "e3"], "other": ["e1"], "aborted": [], "ss:1": []}


@pytest.fixture(params=["sqlite", "redis"])
def url(request: pytest.FixtureRequest, path: Path) -> str:
    if request.param == "sqlite":
        return f"sqlite:{path}"
    server: RedisServer = request.getfixturevalue("redis_server")
    return server.url


def test_the_command_fills_an_empty_store_and_doing_so_again_changes_nothing(
    published: Cluster, url: str, digest: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("SOSIA_HISTORY__URL", url)
    monkeypatch.setenv("SOSIA_HISTORY__EPOCHS", str(KEPT))
    for _ in range(2):
        assert main(["history", "rebuild", "--bootstrap", published.kafka.bootstrap]) == 0
        assert capsys.readouterr().out == "10 rows\n"
        assert kept(url, digest) == EXPECTED


def test_a_damaged_file_is_rebuilt_where_it_is_opened(published: Cluster, path: Path, digest: str) -> None:
    rebuild(settings(published, f"sqlite:{path}"))
    before = contents(path)
    damage(path)
    told: list[str] = []
    open_whole_history(settings(published, f"sqlite:{path}"), told.append).close()
    assert contents(path) == before
    assert kept(f"sqlite:{path}", digest) == EXPECTED
    assert told == ["is being rebuilt: 12 of at most 17 records read"]  # the others are markers and an aborted one


def contents(path: Path) -> list[tuple[Any, ...]]:
    """All rows, byte by byte; when they were written does not count."""
    with sqlite3.connect(path) as database:
        found = database.execute(
            "SELECT survey, object_id, band, digest, epoch_id, mjd, embedding FROM epoch"
            " JOIN series ON series.id = epoch.series ORDER BY 1, 2, 3, 4, 5"
        ).fetchall()
    database.close()
    assert found
    return found


def damage(path: Path) -> None:
    with path.open("r+b") as file:
        file.seek(PAGE_BYTES * 3)
        file.write(bytes(3 * PAGE_BYTES))


def helpless(cluster: Cluster, path: Path, **embeddings: bool) -> str:
    """What is said where a damaged file cannot be rebuilt; it stays as it is."""
    content = path.read_bytes()
    with pytest.raises(HistoryError) as caught:
        open_whole_history(settings(cluster, f"sqlite:{path}", **embeddings))
    assert path.read_bytes() == content
    assert not list(path.parent.glob("*.damaged-*"))
    return str(caught.value)


def test_without_embeddings_a_damaged_file_stops_the_worker(published: Cluster, path: Path, digest: str) -> None:
    rebuild(settings(published, f"sqlite:{path}"))
    damage(path)
    message = helpless(published, path, publish=False)
    assert message.startswith(f"{path}: is damaged: ")
    assert "which cannot be done: embeddings.publish is off. Move the file" in message
    for file in path.parent.glob("history.sqlite*"):  # as told
        shutil.move(file, path.parent / f"away-{file.name}")
    open_whole_history(settings(published, f"sqlite:{path}", publish=False)).close()
    assert kept(f"sqlite:{path}", digest)["one"] == []


def test_an_empty_topic_rebuilds_nothing(cluster: Cluster, path: Path) -> None:
    SqliteHistory(path).close()
    with path.open("r+b") as file:
        file.write(bytes(100))
    assert f"{names.EMBEDDINGS} is empty" in helpless(cluster, path)


def test_rows_whose_schema_nobody_knows_are_no_empty_history(cluster: Cluster, path: Path) -> None:
    publish(cluster, [wire(7, b"row")])
    with pytest.raises(HistoryError, match=r"schema 7: no registry .*; set registry.url"):
        rebuild(settings(cluster, f"sqlite:{path}"))


def test_a_command_without_a_history_says_so(published: Cluster) -> None:
    unset = Settings(kafka={"bootstrap_servers": published.kafka.bootstrap})
    with pytest.raises(ConfigurationError, match=r"history\.url: is not set"):
        rebuild(unset)


def test_a_worker_rebuilds_a_damaged_history_before_its_first_batch(
    cluster: Cluster, shared_data: Path, weights: Path, path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The later epochs are judged as if nothing had happened to the earlier ones."""
    packets = [file.read_bytes() for file in one_object(shared_data)]
    half_way = len(packets) // 2
    monkeypatch.setenv("SOSIA_HISTORY__URL", f"sqlite:{path}")

    def annotate(total: int) -> str:
        with WorkerProcess(tmp_path, cluster.settings(batch_size=16), weights=weights) as worker:
            wait_until(lambda: sum(row["records"] for row in cluster.ledger()) == total)
            assert worker.terminate() == 0
        return worker.log.read_text()

    cluster.produce(packets[:half_way])
    annotate(half_way)
    before = contents(path)
    damage(path)
    cluster.produce(packets[half_way:])
    assert "history rebuilt" in annotate(len(packets))
    cluster.assert_balanced(len(packets))
    assert set(before) < set(contents(path))
    judged = [unpack("annotation", one.value() or b"") for one in cluster.read(names.scores("ztf"))]
    assert [one["epoch"]["nEpochs"] for one in judged] == list(range(len(packets)))
