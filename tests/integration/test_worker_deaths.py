"""The worker as a process on a real Kafka, when it is told to end, is killed, or dies of a packet."""

from __future__ import annotations

from pathlib import Path

import pytest

from consumers import names
from tests.integration.workers import Cluster, WorkerProcess, wait_until

STAND_IN = Path(__file__).with_name("stand_in_worker.py")
ZTF = names.annotated("ztf")


def test_sigterm_finishes_the_batch_and_exits_with_0(cluster: Cluster, ztf: list[bytes], tmp_path: Path) -> None:
    cluster.produce(ztf)
    with WorkerProcess(tmp_path, cluster.settings(), script=STAND_IN) as worker:
        wait_until(lambda: len(cluster.read(ZTF)) > 0)
        assert worker.terminate() == 0
    done = cluster.origins(ZTF)
    assert done == cluster.inputs(len(done))
    cluster.produce(ztf[:1])
    with WorkerProcess(tmp_path, cluster.settings(), script=STAND_IN) as worker:
        wait_until(lambda: len(cluster.read(ZTF)) == len(ztf) + 1)
        assert worker.terminate() == 0
    assert cluster.origins(ZTF) == cluster.inputs(len(ztf) + 1)
    cluster.assert_balanced(len(ztf) + 1)


@pytest.mark.parametrize("how", [b"kill", b"crash"])
def test_a_packet_that_kills_its_worker_is_dead_lettered_and_its_neighbours_are_annotated(
    cluster: Cluster, ztf: list[bytes], tmp_path: Path, how: bytes
) -> None:
    cluster.produce(ztf[:5])
    cluster.produce([how + b" the worker"])
    cluster.produce(ztf[5:20])
    settings = cluster.settings(batch_deadline_s=2.0)  # so that the first batch is full, and the packet in it
    deaths = 0
    while len(cluster.read(ZTF)) < 20:
        with WorkerProcess(tmp_path, settings, script=STAND_IN) as worker:
            wait_until(lambda: worker.process.poll() is not None or len(cluster.read(ZTF)) == 20)
            deaths += worker.process.poll() is not None
            assert deaths <= 4, "the packet is not found"
    assert cluster.dead() == {f"{cluster.name}/0/5": "killed the worker"}
    assert cluster.origins(ZTF) == sorted(set(cluster.inputs(21)) - {f"{cluster.name}/0/5"})
    assert deaths == 4
    cluster.assert_balanced(21)


def test_workers_killed_in_mid_transaction_condemn_no_packet(
    own_cluster: Cluster, ztf: list[bytes], tmp_path: Path
) -> None:
    """An output topic that is missing keeps each transaction open, until the worker is killed in it."""
    cluster = own_cluster
    cluster.delete(names.scores("ztf"))
    cluster.produce(ztf[:3])
    for kill in range(1, 7):
        known = len(cluster.read_uncommitted(names.LEDGER))
        with WorkerProcess(tmp_path, cluster.settings(), script=STAND_IN) as worker:
            wait_until(lambda: len(cluster.read_uncommitted(names.LEDGER)) > known)  # noqa: B023
            assert ("go singly" in worker.log.read_text()) == (kill >= 3)
            worker.kill()
    cluster.create(names.scores("ztf"))
    with WorkerProcess(tmp_path, cluster.settings(), script=STAND_IN) as worker:
        wait_until(lambda: len(cluster.read(ZTF)) == 3)
        assert worker.terminate() == 0
    assert cluster.origins(ZTF) == cluster.inputs(3)
    assert cluster.dead() == {}
    cluster.assert_balanced(3)
