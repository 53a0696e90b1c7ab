"""The workers of a benchmark: configured, started, pinned and looked at from outside."""

from __future__ import annotations

import json
import os
import time
from itertools import cycle
from typing import TYPE_CHECKING

from consumers.bench.process_use import ProcessUse, process_use
from consumers.demo.worker_process import WorkerProcess
from ops.java_server import free_ports

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from consumers.bench.whole_options import WholeOptions
    from consumers.settings import Settings
    from ops.local_kafka import LocalKafka

#: Between two looks at them [s].
POLL_S = 0.1


def history_url(options: WholeOptions) -> str:
    """Return the address of the history that all of them share."""
    return f"sqlite:{options.folder / 'history.sqlite'}"


def start_worker(
    options: WholeOptions, settings: Settings, kafka: LocalKafka, topics: Mapping[str, str], number: int
) -> WorkerProcess:
    """Write one worker's configuration; it starts under ``with``."""
    (port,) = free_ports(1)
    tables: dict[str, dict[str, object]] = {
        "kafka": {"bootstrap_servers": kafka.bootstrap},
        "worker": {"name": f"bench-{number}", "batch_size": options.batch_size},
        "backbone": settings.backbone.model_dump(mode="json", exclude_none=True),
        "classifiers": settings.classifiers.model_dump(mode="json", exclude_none=True),
        "epoch": settings.epoch.model_dump(mode="json"),
        "history": {"url": history_url(options)},
        "index": {} if options.index is None else {"cache": str(options.index)},
        "registry": {} if options.schemas is None else {"schemas": str(options.schemas.resolve())},
        "metrics": {"port": port},
        "log": {"format": "json"},
    }
    lines = []
    for name, table in tables.items():
        lines += [f"[{name}]", *(f"{key} = {json.dumps(value)}" for key, value in table.items())]
    for survey, topic in topics.items():
        lines += ["[[input.surveys]]", f"survey = {json.dumps(survey)}", f"topics = [{json.dumps(topic)}]"]
    config = options.folder / f"worker-{number}.toml"
    config.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return WorkerProcess(config, config.with_suffix(".log"), port)


def pin(workers: Sequence[WorkerProcess]) -> None:
    """Give each worker one core of its own, right after its start: all its threads to come inherit it."""
    for worker, core in zip(workers, cycle(sorted(os.sched_getaffinity(0))), strict=False):
        os.sched_setaffinity(worker.pid or 0, {core})


def first_ready(workers: Sequence[WorkerProcess]) -> float:
    """Wait for the first worker that annotates; return when it did [s since 1970]."""
    while not any(worker.ready() for worker in workers):
        for worker in workers:
            worker.check()
        time.sleep(POLL_S)
    return time.time()


def uses(workers: Sequence[WorkerProcess]) -> list[ProcessUse]:
    """Return what each has used so far."""
    return [process_use(worker.pid or 0) for worker in workers]
