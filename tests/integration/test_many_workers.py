"""Many workers with one history on a server of the Redis protocol: they annotate as one worker alone does."""

from __future__ import annotations

from collections import defaultdict
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

import pytest

from broker.history.redis import RedisHistory
from consumers import names
from consumers.assembly import choose_rule, open_annotator
from consumers.settings import BackboneSettings, ClassifierSettings, EpochSettings
from models.simulate.stream import simulate
from schemas.own import unpack
from tests.integration.workers import Cluster, WorkerThread, wait_until

if TYPE_CHECKING:
    from ops.local_kafka import LocalKafka
    from tests.redis_server import RedisServer

SCORES = names.scores("ztf")
TIMES = ("ingestTime", "annotateTime")
PARTITIONS = 4


@pytest.fixture(scope="module")
def rounds() -> list[list[bytes]]:
    """A night in rounds: the first epoch of every object, then the second of each that has one, and so on."""
    epochs: dict[str, int] = defaultdict(int)
    rounds: dict[int, list[bytes]] = defaultdict(list)
    for alert in simulate("ztf", 48, seed=5, rare=0.2):
        rounds[epochs[alert.truth.object_id]].append(alert.packet)
        epochs[alert.truth.object_id] += 1
    return list(rounds.values())


def annotated(
    kafka: LocalKafka, rounds: list[list[bytes]], workers: int, history: str
) -> tuple[dict[str, dict[str, Any]], list[float]]:
    """Annotations without their times by epoch, and how many alerts each worker annotated."""
    cluster = Cluster(kafka, partitions=PARTITIONS)
    backbone, classes = BackboneSettings(batch=16), ClassifierSettings(networks=("streak", "merger"))
    sent = 0
    with ExitStack() as stack:
        running = []
        for number in range(workers):
            store = RedisHistory(history)
            stack.callback(store.close)
            annotator = open_annotator(backbone, choose_rule(EpochSettings(), store), store, classes)
            worker = WorkerThread(cluster.settings(name=f"worker-{number}"), annotator=annotator)
            running.append(stack.enter_context(worker))
        wait_until(lambda: not any("partitions" in str(one.health.problems()) for one in running))
        for packets in rounds:  # each is drained before the next: an epoch is judged by those that came before it
            for number, packet in enumerate(packets, sent):
                cluster.produce([packet], partition=number % PARTITIONS)
            sent += len(packets)
            wait_until(lambda: len(cluster.read(SCORES)) >= sent)  # noqa: B023  it is called at once
    assert [one.error for one in running] == [None] * workers
    cluster.assert_balanced(sent)
    found = [unpack("annotation", message.value() or b"") for message in cluster.read(SCORES)]
    counts = [one.metric("sosia_alerts_total", survey="ztf", outcome="annotated") for one in running]
    return {one["epochId"]: {key: one[key] for key in one if key not in TIMES} for one in found}, counts


def nearly(value: Any) -> Any:
    """The same with all floats to 1e-4."""
    if isinstance(value, float):
        return pytest.approx(value, rel=1e-4, abs=1e-4)
    if isinstance(value, dict):
        return {key: nearly(one) for key, one in value.items()}
    return [nearly(one) for one in value] if isinstance(value, list) else value


def test_three_workers_annotate_as_one_does(
    kafka: LocalKafka, redis_server: RedisServer, rounds: list[list[bytes]]
) -> None:
    alone, _ = annotated(kafka, rounds, 1, redis_server.url)
    together, counts = annotated(kafka, rounds, 3, redis_server.url.removesuffix("0") + "1")
    assert len(alone) == sum(map(len, rounds))
    assert max(one["epoch"]["nEpochs"] for one in alone.values()) > 1
    assert together == nearly(alone)
    assert min(counts) > 0
