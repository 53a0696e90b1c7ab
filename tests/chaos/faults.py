"""The faults: each is done to the stage, and undone, when its function returns."""

from __future__ import annotations

import resource
import signal
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

from confluent_kafka.admin import AdminClient, AlterConfigOpType, ConfigEntry, ConfigResource

from consumers.worker.index_versions import LOOK_S
from tests.chaos.index import new_version, version_in_use
from tests.chaos.stage import ANNOTATED, WITHIN, WorkerProcess

if TYPE_CHECKING:
    from tests.chaos.stage import Stage

#: Longer than the workers' session timeout [s]: their partitions are given to others.
FROZEN_S = 8.0
#: Long enough to be noticed, short enough to try often [s].
AWAY_S = 2.0
HOUR_S = 3600.0
#: By then whoever still runs has ended a transaction that was open [s].
ENDED_S = 2.0
#: A topic that takes so many bytes takes no record of ours; a transaction's marker, of 78 bytes, has to pass.
NO_RECORD, ANY_RECORD = 150, 10_000_000


def kill_a_worker(stage: Stage) -> None:
    _kill(stage, [stage.draw.choice(stage.workers)])


def kill_both_workers(stage: Stage) -> None:
    _kill(stage, stage.workers)


def kill_a_worker_again(stage: Stage) -> None:
    """Once more while it begins, maybe before it ended what its last life left open."""
    worker = stage.draw.choice(stage.workers)
    _kill(stage, [worker])
    stage.watch()
    time.sleep(stage.draw.uniform(0.0, 2.0))
    worker.end()


def _kill(stage: Stage, victims: Sequence[WorkerProcess]) -> None:
    """Kill workers where it hurts: in an open transaction of theirs, of which Kafka has records."""
    stage.wait(lambda: _frozen_in_transaction(stage, victims))
    stage.struck = time.monotonic()
    for worker in victims:
        worker.end()


def _frozen_in_transaction(stage: Stage, victims: Sequence[WorkerProcess]) -> bool:
    """Freeze workers; let them go again, for a random while, where Kafka waits for the end of no transaction."""
    for worker in victims:
        worker.send(signal.SIGSTOP)
    if waiting := stage.waiting():
        time.sleep(ENDED_S)
        if waiting.items() & stage.waiting().items():
            return True
    for worker in victims:
        worker.send(signal.SIGCONT)
    time.sleep(stage.draw.uniform(0.0, 0.3))
    return False


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
        _kill(stage, [third])
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
    kill_a_worker(stage)
    stage.watch()
    time.sleep(2 * AWAY_S)
    stage.registry.thaw()


def full_disk(stage: Stage) -> None:
    """The history's file cannot grow."""
    with _no_room(stage.workers[1]):
        time.sleep(AWAY_S)


def full_disk_of_the_index(stage: Stage) -> None:
    """A new version of the index has no room; it is taken once there is some."""
    worker = stage.workers[0]
    with _no_room(worker):
        version = new_version(stage.config, stage.folder, stage.draw.randrange(2**31))
        time.sleep(LOOK_S + AWAY_S)
    stage.wait(lambda: version_in_use(worker.index_cache) == version)


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


@contextmanager
def _no_room(worker: WorkerProcess) -> Iterator[None]:
    """No file that it writes grows beyond a page."""
    _, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    _limit(worker, (4096, hard))
    yield
    _limit(worker, (hard, hard))


def _limit(worker: WorkerProcess, sizes: tuple[int, int]) -> None:
    if worker.alive:
        resource.prlimit(worker.pid, resource.RLIMIT_FSIZE, sizes)


def _allow(stage: Stage, size: int) -> None:
    entry = ConfigEntry("max.message.bytes", str(size), incremental_operation=AlterConfigOpType.SET)
    admin = AdminClient({**stage.config, "log_level": 0})
    topic = ConfigResource(ConfigResource.Type.TOPIC, ANNOTATED, incremental_configs=[entry])
    (done,) = admin.incremental_alter_configs([topic]).values()
    done.result(WITHIN)


FAULTS: Mapping[str, Callable[[Stage], None]] = {
    "worker killed": kill_a_worker,
    "both workers killed": kill_both_workers,
    "worker killed again": kill_a_worker_again,
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
    "index disk full": full_disk_of_the_index,
    "clock off": clock_off,
    "output refused": output_refused,
    "burst": burst,
}
#: Those that kill workers, whose open transactions Kafka has to abort.
KILLS = frozenset({"worker killed", "both workers killed", "worker killed again", "rebalance", "registry away"})
