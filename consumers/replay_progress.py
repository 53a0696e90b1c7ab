"""Shows how far a replay has come: a bar on a terminal, a log line now and then elsewhere."""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import structlog

from consumers.replay import Progress

#: Between two looks at the progress on a terminal, and between two log lines elsewhere [s].
BAR_S, LOG_S = 0.1, 5.0


@contextmanager
def shown(total: int) -> Iterator[Progress]:
    """Yield a `Progress` that is shown while the block under ``with`` keeps it up to date.

    Parameters
    ----------
    total : int
        Packets to be sent.
    """
    progress = Progress()
    finished = threading.Event()
    show = _bar if sys.stderr.isatty() else _log
    thread = threading.Thread(target=show, args=(progress, total, finished), name="progress", daemon=True)
    thread.start()
    try:
        yield progress
    finally:
        finished.set()
        thread.join()


def _bar(progress: Progress, total: int, finished: threading.Event) -> None:
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
    from rich.progress import Progress as Bar

    columns = (
        TextColumn("replay"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[rate]:.0f}/s"),
        TimeRemainingColumn(),
        TextColumn("[yellow]{task.fields[late]}"),
    )
    with Bar(*columns, console=Console(stderr=True)) as bar:
        task = bar.add_task("", total=total, rate=0.0, late="")
        done = False
        while not done:
            done = finished.wait(BAR_S)
            rate = progress.delivered / progress.elapsed_s if progress.elapsed_s else 0.0
            late = f"{progress.late_s:.1f} s behind" if progress.behind else ""
            bar.update(task, completed=progress.delivered, rate=rate, late=late)


def _log(progress: Progress, total: int, finished: threading.Event) -> None:
    log = structlog.get_logger("sosia.replay")
    told = False
    while not finished.wait(LOG_S):
        log.info("replaying", delivered=progress.delivered, of=total)
        if progress.behind and not told:
            log.warning("cannot keep the pace", behind_s=round(progress.late_s, 1))
            told = True
