"""Runs a demonstration: a real Kafka, a real worker, a stream, an audit, and what came of it."""

from __future__ import annotations

import signal
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TaskID, TextColumn, TimeElapsedColumn

from consumers.audit.audit import audit
from consumers.bounded_read import whole
from consumers.demo.feed import Feed, FolderOfPackets, SimulatedNight
from consumers.demo.page import save_page
from consumers.demo.picture import save_picture
from consumers.demo.progress import follow
from consumers.demo.results import Results, collect
from consumers.demo.summary import show
from consumers.demo.worker_process import WorkerProcess, write_config
from consumers.names import DEAD, EMBEDDINGS, LEDGER, REPLAY, annotated, scores
from consumers.replay import publish
from ops.java_server import free_ports
from ops.local_kafka import LocalKafka
from schemas.errors import SosiaError

if TYPE_CHECKING:
    from consumers.settings import Settings

PARTITIONS = 2
CONFIG, LOG = "worker.toml", "worker.log"
# One batch of the network's holds the images of half as many alerts; few alerts should still show progress.
BATCH_SIZE = 32


@dataclass(frozen=True, slots=True)
class DemoOptions:
    """What to demonstrate.

    Attributes
    ----------
    folder : Path or None
        Packets to stream instead of a simulated night.
    alerts : int
        Alerts of the simulated night.
    surveys : tuple of str
        ``ztf``, ``lsst`` or both.
    out : Path
        Where page, picture, log and configuration are put.
    keep : bool
        Leave Kafka and the worker running at the end, until interrupted.
    """

    folder: Path | None
    alerts: int
    surveys: tuple[str, ...]
    out: Path
    keep: bool


def run_demo(options: DemoOptions, settings: Settings, console: Console) -> int:
    """Demonstrate the whole system on this machine.

    Parameters
    ----------
    options : DemoOptions
    settings : Settings
        The user's, of which the backbone and the class networks are used.
    console : Console
        Receives progress and summary.

    Returns
    -------
    int
        0 where the counts add up and everything could be stopped, else 1.
    """
    options.out.mkdir(parents=True, exist_ok=True)
    feed: Feed = (
        SimulatedNight(options.alerts, options.surveys, options.out)
        if options.folder is None
        else FolderOfPackets(options.folder, options.surveys)
    )
    topics = {survey: f"demo.{survey}" for survey in feed.counts}
    with _terminating(), ExitStack() as stack:
        kafka = LocalKafka()
        with console.status("Starting Kafka"):
            stack.enter_context(kafka)
            kafka.create_topics(dict.fromkeys([*topics.values(), REPLAY], PARTITIONS))
            outputs = [name(survey) for survey in topics for name in (annotated, scores)]
            kafka.create_topics(dict.fromkeys([*outputs, EMBEDDINGS, DEAD, LEDGER], PARTITIONS))
        console.print(f"Kafka {kafka.bootstrap}", highlight=False)
        worker = stack.enter_context(_worker(options.out, settings, kafka, topics, feed.schemas))
        config = {"bootstrap.servers": kafka.bootstrap, "log_level": "3"}  # a Kafka just started is not yet all there
        _stream(feed, topics, config, worker, console)
        with console.status("Auditing"):
            results = collect(
                config,
                title=feed.title,
                published=feed.counts,
                audit=audit(config, list(topics.values())),
                truths=feed.truths,
                schemas=feed.schemas,
            )
        _report(results, options.out, console)
        if options.keep:
            _wait(kafka, worker, options.out / CONFIG, console)
        with console.status("Stopping"):
            code = worker.stop()
            stack.close()
    stopped = code == 0 and not kafka.running
    if not stopped:
        console.print(f"The worker ended with code {code}.{worker.tail()}", style="red", markup=False)
    return 0 if stopped and not results.problems else 1


def _worker(
    out: Path, settings: Settings, kafka: LocalKafka, topics: Mapping[str, str], schemas: Path | None
) -> WorkerProcess:
    (port,) = free_ports(1)
    config = out / CONFIG
    write_config(
        config,
        settings,
        bootstrap=kafka.bootstrap,
        topics=topics,
        schemas=schemas,
        metrics_port=port,
        batch_size=BATCH_SIZE,
    )
    # A weights file that was named and cannot be used is an error; only where none was named, random ones will do.
    arguments = ["--allow-untrained"] if settings.backbone.weights is None else []
    return WorkerProcess(config, out / LOG, port, arguments)


def _stream(
    feed: Feed, topics: Mapping[str, str], config: Mapping[str, str], worker: WorkerProcess, console: Console
) -> None:
    """Publish everything, and wait until the worker has committed all of it."""
    total = sum(feed.counts.values())
    with _bars(console) as bars:
        published = bars.add_task("Published", total=total)
        bar, dead = bars.add_task("Annotated", total=total), bars.add_task("Dead letters", total=None, visible=False)
        for survey, topic in topics.items():
            progress = publish(_counted(feed.packets(survey), bars, published), topic, config)
            if progress.failed:
                raise SosiaError(f"{progress.failed} packets could not be published: {progress.first_error}")
        for done in follow(config, "sosia", whole(config, topics.values()), worker.check):
            bars.update(bar, completed=done.annotated, total=total - done.dead)
            bars.update(dead, completed=done.dead, visible=done.dead > 0)


def _counted(packets: Iterator[tuple[str, bytes]], bars: Progress, task: TaskID) -> Iterator[tuple[str, bytes]]:
    for packet in packets:
        yield packet
        bars.advance(task)


def _bars(console: Console) -> Progress:
    return Progress(
        SpinnerColumn(), TextColumn("{task.description:14}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(),
        console=console,
    )  # fmt: skip


def _report(results: Results, out: Path, console: Console) -> None:
    picture, page = out / "alerts.png", out / "index.html"
    save_picture(picture, results)
    save_page(page, results, picture)
    show(results, console)
    for name, path in (("page", page), ("picture", picture), ("worker's log", out / LOG)):
        console.print(f"{name:14}{path}", markup=False, highlight=False, soft_wrap=True)


def _wait(kafka: LocalKafka, worker: WorkerProcess, config: Path, console: Console) -> None:
    """Leave everything running until the user interrupts."""
    try:
        for line in (
            "",
            f"Still running: Kafka at {kafka.bootstrap} (process {kafka.pid})",
            f"and the worker, with {worker.address}/metrics (process {worker.pid}).",
            "Try, in another terminal:",
            f"  sosia page --config {config}",
            f"  sosia tail --config {config} --survey ztf",
            f"  sosia ledger --config {config}",
            f"  sosia replay FILES --config {config} --topic demo.ztf",
            "Ctrl-C stops both.",
        ):
            console.print(line, markup=False, highlight=False, soft_wrap=True)
        signal.pause()
    except KeyboardInterrupt:
        console.print()


@contextmanager
def _terminating() -> Iterator[None]:
    """Let SIGTERM interrupt as Ctrl-C does, so that nothing is left running.

    SIGINT is set as well: whatever a script starts in its background ignores it from the start.
    """

    def interrupt(_number: int, _frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    before = {number: signal.signal(number, interrupt) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
