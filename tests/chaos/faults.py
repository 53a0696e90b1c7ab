"""The faults: each is done to the stage, and undone, when its function returns."""

from __future__ import annotations

import resource
import signal
import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from confluent_kafka.admin import AdminClient, AlterConfigOpType, ConfigEntry, ConfigResource

from tests.chaos.stage import ANNOTATED, WITHIN, WorkerProcess

if TYPE_CHECKING:
    from tests.chaos.stage import Stage

#: Longer than the workers' session timeout [s]: their partitions are given to others.
FROZEN_S = 8.0
#: Long enough to be noticed, short enough to try often [s].
AWAY_S = 2.0
HOUR_S = 3600.0
#: A topic that takes so many bytes takes no record of ours; a transaction's marker, of 78 bytes, has to pass.
NO_RECORD, ANY_RECORD = 150, 10_000_000


def kill_a_worker(stage: Stage) -> None:
    stage.draw.choice(stage.workers).end()


def kill_both_workers(stage: Stage) -> None:
    for worker in stage.workers:
        worker.end()


def freeze_a_worker(stage: Stage) -> None:
    """It wakes up as a zombie: its partitions are another's meanwhile."""
    worker = stage.draw.choice(stage.workers)
    worker.send(signal.SIGSTOP)
    time.sleep(FROZEN_S)
    worker.send(signal.SIGCONT)


def end_a_worker(stage: Stage) -> None:
    stage.draw.choice(stage.workers).end(signal.SIGTERM)


def replace_a_worker(stage: Stage) -> None:
    """A second one of the same name fences the first, which still runs."""
    worker = stage.draw.choice(stage.workers)
    first = worker.process
    worker.start()
    assert first is not None
    try:
        first.wait(WITHIN)
    finally:
        first.kill()


def rebalance(stage: Stage) -> None:
    """A third worker comes, and is killed in mid-batch."""
    third = WorkerProcess(stage, "third", stage.redis.url)
    try:
        time.sleep(stage.draw.uniform(2.0, 6.0))
    finally:
        third.end()


def kill_a_node(stage: Stage) -> None:
    number = stage.draw.randrange(3)
    stage.cluster.kill(number)
    time.sleep(AWAY_S)
    stage.cluster.start_node(number)


def kill_two_nodes(stage: Stage) -> None:
    numbers = stage.draw.sample(range(3), 2)
    for number in numbers:
        stage.cluster.kill(number)
    time.sleep(AWAY_S)
    for number in numbers:
        stage.cluster.start_node(number)


def freeze_a_node(stage: Stage) -> None:
    number = stage.draw.randrange(3)
    stage.cluster.freeze(number)
    time.sleep(2 * AWAY_S)
    stage.cluster.thaw(number)


def redis_away(stage: Stage) -> None:
    stage.redis.kill()
    time.sleep(AWAY_S)
    stage.redis.start()


def registry_away(stage: Stage) -> None:
    """A worker that begins meanwhile knows no schema yet, and has to wait."""
    stage.registry.freeze()
    stage.draw.choice(stage.workers).end()
    stage.watch()
    time.sleep(2 * AWAY_S)
    stage.registry.thaw()


def full_disk(stage: Stage) -> None:
    """The history's file cannot grow."""
    worker = stage.workers[1]
    if not worker.alive or not stage.history_file.exists():
        return
    _, hard = resource.prlimit(worker.pid, resource.RLIMIT_FSIZE)
    resource.prlimit(worker.pid, resource.RLIMIT_FSIZE, (4096, hard))
    time.sleep(AWAY_S)
    if worker.alive:
        resource.prlimit(worker.pid, resource.RLIMIT_FSIZE, (hard, hard))


def clock_off(stage: Stage) -> None:
    """A worker's clock is wrong from now on."""
    worker = stage.draw.choice(stage.workers)
    worker.end(signal.SIGTERM)
    worker.start(clock_off_s=stage.draw.choice((-HOUR_S, HOUR_S)))


def output_refused(stage: Stage) -> None:
    """The annotated topic takes no record for a while, and every transaction is aborted."""
    _allow(stage, NO_RECORD)
    time.sleep(AWAY_S)
    _allow(stage, ANY_RECORD)


def burst(stage: Stage) -> None:
    """Ten times as many packets as before."""
    rate = stage.survey.rate
    stage.survey.rate = 10 * rate
    time.sleep(AWAY_S)
    stage.survey.rate = rate


def _allow(stage: Stage, size: int) -> None:
    entry = ConfigEntry("max.message.bytes", str(size), incremental_operation=AlterConfigOpType.SET)
    admin = AdminClient({**stage.config, "log_level": 0})
    topic = ConfigResource(ConfigResource.Type.TOPIC, ANNOTATED, incremental_configs=[entry])
    (done,) = admin.incremental_alter_configs([topic]).values()
    done.result(WITHIN)


FAULTS: Mapping[str, Callable[[Stage], None]] = {
    "worker killed": kill_a_worker,
    "both workers killed": kill_both_workers,
    "worker frozen": freeze_a_worker,
    "worker ended": end_a_worker,
    "worker replaced": replace_a_worker,
    "rebalance": rebalance,
    "node killed": kill_a_node,
    "two nodes killed": kill_two_nodes,
    "node frozen": freeze_a_node,
    "Redis away": redis_away,
    "registry away": registry_away,
    "disk full": full_disk,
    "clock off": clock_off,
    "output refused": output_refused,
    "burst": burst,
}
