"""Embeddings on a real Kafka, by real workers on real packets."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from broker.annotator import Finding
from broker.embedding_record import EmbeddingReader
from broker.history.history import Question
from broker.history.sqlite import SqliteHistory
from consumers import names
from consumers.registry import RegistrySource
from consumers.worker.output_schemas import RegisteredSchemas
from schemas.own import unpack
from tests.broker.annotations import annotation_of
from tests.broker.packets import decode_container, decode_wire, rubin_files, ztf_files
from tests.integration.workers import Cluster, StandIn, WorkerProcess, WorkerThread, origin, wait_until

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from ops.local_registry import LocalRegistry

SCORES = [names.scores("ztf"), names.scores("lsst")]


class Embedding(StandIn):
    """Embeds every science image at the same place."""

    def annotate(self, packets: Sequence[Any], received: Sequence[Any]) -> list[Any]:
        return [Finding(annotation_of(packet), np.arange(4, dtype=np.float16), in_history=True) for packet in packets]


def test_each_embedded_epoch_is_a_row_in_the_transaction_of_its_annotation(
    cluster: Cluster, shared_data: Path, weights: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rubin_topic = f"{cluster.name}-lsst"
    cluster.create(rubin_topic)
    cluster.produce([*(file.read_bytes() for file in ztf_files(shared_data)[:24]), b"no packet"])
    rubin = [file.read_bytes() for file in rubin_files(shared_data)]
    cluster.produce(rubin, rubin_topic)
    path = tmp_path / "history.sqlite"
    monkeypatch.setenv("SOSIA_HISTORY__URL", f"sqlite:{path}")
    settings = cluster.settings(further={rubin_topic: "lsst"}, batch_size=16)
    with WorkerProcess(tmp_path, settings, weights=weights, schemas=shared_data / "lsst" / "schema") as worker:
        wait_until(lambda: sum(row["records"] for row in cluster.ledger()) == 25 + len(rubin))
        assert worker.terminate() == 0

    annotations = {origin(one): unpack("annotation", one.value() or b"") for one in cluster.read(*SCORES)}
    embedded = {key for key, one in annotations.items() if one["epoch"]["state"] != "unreadable"}
    messages = {origin(one): one for one in cluster.read(names.EMBEDDINGS)}
    assert messages.keys() == embedded
    assert len(cluster.read(names.EMBEDDINGS)) == len(embedded) > 60
    movers = 0
    for key, message in messages.items():
        row, annotation = decode_container(message.value() or b""), annotations[key]
        for field in ("survey", "objectId", "epochId", "band", "mjd", "ra", "dec"):
            assert row[field] == annotation[field]
        assert (row["backboneDigest"], row["image"]) == (annotation["backbone"]["digest"], "science")
        assert row["problematic"] == annotation["epoch"]["problematic"]
        assert message.key() == row["objectId"].encode()
        assert len(row["embedding"]) == 2 * 1280
        assert row["inHistory"] is not row["objectId"].startswith(("ss:", "src:"))
        movers += not row["inHistory"]
    assert 0 < movers < len(rubin)
    assert_history_holds(path, [message.value() or b"" for message in messages.values()])
    assert cluster.audit(rubin_topic).balanced
    assert cluster.audit(rubin_topic).received == 25 + len(rubin)


def assert_history_holds(path: Path, payloads: list[bytes]) -> None:
    """The history has exactly the rows that say so."""
    rows = [row for payload in payloads if (row := EmbeddingReader().history_row(payload)) is not None]
    history = SqliteHistory(path)
    for series in {row.series for row in rows}:
        mine = {row.epoch.epoch_id: row.epoch for row in rows if row.series == series}
        (kept,) = history.earlier([Question(series, "", np.inf)])
        assert {one.epoch_id for one in kept} == mine.keys()
        for one in kept:
            assert (one.mjd, one.embedding.tobytes()) == (
                mine[one.epoch_id].mjd,
                mine[one.epoch_id].embedding.tobytes(),
            )
    assert history._database.execute("SELECT count(*) FROM epoch").fetchone() == (len(rows),)
    history.close()


def test_with_embeddings_turned_off_there_are_none(
    cluster: Cluster, shared_data: Path, weights: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SOSIA_EMBEDDINGS__PUBLISH", "false")
    cluster.produce([file.read_bytes() for file in ztf_files(shared_data)[:4]])
    with WorkerProcess(tmp_path, cluster.settings(), weights=weights) as worker:
        wait_until(lambda: sum(row["records"] for row in cluster.ledger()) == 4)
        assert worker.terminate() == 0
    assert cluster.read(names.EMBEDDINGS) == []
    cluster.assert_balanced(4)


def test_with_a_registry_rows_are_in_wire_format_under_the_registered_schema(
    cluster: Cluster, registry: LocalRegistry, shared_data: Path
) -> None:
    source = RegistrySource(registry.url)
    cluster.produce([file.read_bytes() for file in ztf_files(shared_data)[:4]])
    with WorkerThread(cluster.settings(), source, RegisteredSchemas(source), Embedding()):
        wait_until(lambda: len(cluster.read(names.EMBEDDINGS)) == 4)
    for message in cluster.read(names.EMBEDDINGS):
        payload = message.value() or b""
        schema = source.get(int.from_bytes(payload[1:5], "big")).json
        assert decode_wire(payload, schema)["objectId"].encode() == message.key()
        row = EmbeddingReader(source).history_row(payload)
        assert row is not None
        np.testing.assert_array_equal(row.epoch.embedding, np.arange(4))
