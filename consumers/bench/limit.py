"""The limit: the networks' own passes and nothing else, in as many processes at once as there are workers."""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import UTC, datetime
from multiprocessing import get_context
from typing import TYPE_CHECKING

from broker.reader import Reader
from consumers.assembly import open_annotator, open_surveys
from consumers.bench.probes import watched
from consumers.bench.stages import NETWORKS, PARTS
from consumers.log import set_up_logs
from consumers.memory import keep_memory
from schemas.errors import SosiaError
from schemas.source import FolderSource

if TYPE_CHECKING:
    from collections.abc import Sequence
    from multiprocessing.queues import Queue
    from multiprocessing.synchronize import Barrier
    from pathlib import Path

    from consumers.settings import Settings

#: They run for as long, or for one round where that takes longer [s].
SECONDS = 4.0
#: Loading the networks of all of them takes no longer [s].
_PATIENCE_S = 300.0


@dataclass(frozen=True, slots=True)
class Job:
    """What each process does.

    Attributes
    ----------
    settings : Settings
        With the threads of one worker.
    surveys : tuple of str
    schemas : Path or None
        Folder of the schemas of wire-format packets.
    packets : sequence of bytes
        Whose passes are made; those of caches included, since each alert is another.
    batch : int
        Alerts a batch.
    """

    settings: Settings
    surveys: tuple[str, ...]
    schemas: Path | None
    packets: Sequence[bytes]
    batch: int


def measure(job: Job, processes: int) -> float:
    """Return for how many alerts a second the networks would do, all processes together.

    Raises
    ------
    SosiaError
        A process ended.
    """
    context = get_context("spawn")
    together, rates = context.Barrier(processes), context.Queue()
    started = [context.Process(target=_run, args=(job, together, rates), daemon=True) for _ in range(processes)]
    for process in started:
        process.start()
    for process in started:
        process.join()
    if any(process.exitcode for process in started):
        raise SosiaError("a process that measured the networks alone ended; the cause stands above")
    return float(sum(rates.get() for _ in started))


def _run(job: Job, together: Barrier, rates: Queue[float]) -> None:
    keep_memory()
    set_up_logs(job.settings.log)
    reader = Reader(open_surveys(job.surveys), None if job.schemas is None else FolderSource(job.schemas))
    annotator = open_annotator(job.settings.backbone, classifiers=job.settings.classifiers)
    with watched({NETWORKS: PARTS[NETWORKS]}, keep=NETWORKS) as times:
        for start in range(0, len(job.packets), job.batch):
            read = [reader.read(packet) for packet in job.packets[start : start + job.batch]]
            annotator.annotate(read, [datetime.now(UTC)] * len(read))
    together.wait(_PATIENCE_S)
    started, rounds = time.perf_counter(), 0
    while (spent := time.perf_counter() - started) < SECONDS:
        for call in times.calls:
            call()
        rounds += 1
    rates.put(rounds * len(job.packets) / spent)
