"""The history behind a real worker on real epochs: killed and started again, it judges as files are judged."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from broker.annotation import EpochState
from consumers import names
from consumers.annotate_files import annotate_files
from consumers.settings import Settings
from schemas.own import unpack
from tests.broker.packets import one_object
from tests.integration.workers import Cluster, WorkerProcess, wait_until

if TYPE_CHECKING:
    from pathlib import Path

    from ops.local_kafka import LocalKafka

EPOCHS = 12


@pytest.fixture(params=["sqlite", "redis"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return f"sqlite:{tmp_path / 'history.sqlite'}"
    return str(request.getfixturevalue("redis_server").url)


def test_a_killed_worker_s_successor_knows_the_earlier_epochs(
    kafka: LocalKafka, shared_data: Path, weights: Path, url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = one_object(shared_data)
    cluster = Cluster(kafka)
    topic = names.scores("ztf")
    settings = cluster.settings(batch_size=1, queue_batches=1, transaction_s=0.05)
    monkeypatch.setenv("SOSIA_HISTORY__URL", url)
    cluster.produce([file.read_bytes() for file in files[:7]])
    with WorkerProcess(tmp_path, settings, weights=weights):
        wait_until(lambda: len(cluster.read(topic)) >= 3)
    cluster.produce([file.read_bytes() for file in files[7:]])
    with WorkerProcess(tmp_path, settings, weights=weights) as second:
        wait_until(lambda: len(cluster.read(topic)) >= EPOCHS)
        assert second.terminate() == 0
    streamed: list[dict[str, Any]] = [unpack("annotation", message.value() or b"") for message in cluster.read(topic)]
    streamed.sort(key=lambda one: one["mjd"])
    cluster.assert_balanced(EPOCHS)
    assert [one["epoch"]["nEpochs"] for one in streamed] == list(range(EPOCHS))

    offline = Settings(backbone={"weights": weights, "batch": 16})
    judged = [one.annotation for one in annotate_files(list(reversed(files)), offline) if one.annotation is not None]
    for theirs, ours in zip(streamed, judged, strict=True):
        assert theirs["epochId"] == ours.epoch_id
        assert (theirs["epoch"]["rule"], theirs["epoch"]["state"]) == (ours.epoch.rule, ours.epoch.state)
        expected = None if ours.epoch.score is None else pytest.approx(ours.epoch.score, rel=1e-3)
        assert theirs["epoch"]["score"] == expected
    assert {one.epoch.state for one in judged} == {EpochState.JUDGED}  # from the first epoch on
