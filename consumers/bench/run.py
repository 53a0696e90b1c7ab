"""Runs the benchmark: the stages, the limit and the naive worker in this process, and then the whole system."""

from __future__ import annotations

import tempfile
from contextlib import closing
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING

from broker.history.sqlite import SqliteHistory
from broker.novelty.versions import open_all, surveys
from broker.reader import Reader
from consumers.assembly import choose_rule, open_annotator, open_surveys, utc_now
from consumers.bench import limit, long_packets, naive, stages
from consumers.bench.crowd import build_crowd
from consumers.bench.figures import Figures
from consumers.bench.load import EarlierEpochs
from consumers.bench.machine import machine
from consumers.bench.making import ManyAlerts
from consumers.bench.whole import Stream, run_whole
from consumers.bench.whole_options import WholeOptions
from consumers.cores import granted_cores, share_of_cores
from consumers.demo.feed import FolderOfPackets, SimulatedNight
from models.backbone import FEATURES
from schemas.errors import ConfigurationError
from schemas.source import FolderSource

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from broker.annotator import Annotator, Finding
    from broker.geometry import SkyFrame
    from broker.history.history import History
    from broker.packet import Packet
    from consumers.demo.feed import Feed
    from consumers.settings import Settings

#: Simulated packets that the load is made of.
TEMPLATES = 120
#: Batches of the stages' measurement, of which the first one warms everything up.
STAGE_BATCHES = 9
#: Of the networks' alone, over and over.
LIMIT_BATCHES = 2
#: Alerts of the naive worker, of which the first one warms everything up.
NAIVE_ALERTS = 301
#: Number of the first of these alerts: the whole system sees none of them.
APART = 10**9


@dataclass(frozen=True, slots=True)
class BenchOptions:
    """What to measure.

    Attributes
    ----------
    folder : Path or None
        Packets to make the load of, instead of simulated ones.
    surveys : tuple of str
    alerts : int
        Of the burst.
    rate, seconds : float
        Of the steady part [1/s, s].
    workers : int
    whole : bool
        Also the whole system, on a real Kafka; otherwise what runs in this process only.
    index : Path or None
        Folder of versions of the novelty index.
    entries : int
        Of an index made for the purpose, in that folder where it has none, or in one for this run; 0: none.
    pin : bool
        Give each worker one core of its own.
    """

    folder: Path | None
    surveys: tuple[str, ...]
    alerts: int
    rate: float
    seconds: float
    workers: int
    whole: bool
    index: Path | None
    entries: int = 0
    pin: bool = False


def run_bench(options: BenchOptions, settings: Settings, say: Callable[[str], object]) -> Figures:
    """Measure.

    Parameters
    ----------
    options : BenchOptions
    settings : Settings
        The user's: backbone, rule, class networks and batch size. Where they do not tell threads, the workers share the
        cores.
    say : callable
        Is told what is done.

    Raises
    ------
    ConfigurationError
        The steady part has no alert.
    SosiaError
        There are no such packets, weights or index, or a worker ended.
    """
    if options.whole and options.rate * options.seconds < 1:
        raise ConfigurationError(
            f"--rate {options.rate:g} for --seconds {options.seconds:g}: is less than one alert; give more of either"
        )
    batch = settings.worker.batch_size
    threads = settings.backbone.threads or (1 if options.pin else share_of_cores(options.workers))
    working = _with_backbone(settings, threads=threads)
    with tempfile.TemporaryDirectory(prefix="sosia-bench-") as folder:
        place = Path(folder)
        say("preparing the load")
        feed: Feed = (
            SimulatedNight(TEMPLATES, options.surveys, place)
            if options.folder is None
            else FolderOfPackets(options.folder, options.surveys)
        )
        source = None if feed.schemas is None else FolderSource(feed.schemas)
        reader = Reader(open_surveys(feed.counts), source)
        loads = {
            survey: ManyAlerts([packet for _, packet in feed.packets(survey)], feed.schemas, place / "load" / survey)
            for survey in feed.counts
        }
        alone = _mixed(loads, shares(feed.counts, STAGE_BATCHES * batch), APART)
        with closing(SqliteHistory(place / "stages.sqlite")) as history:
            annotator = _annotator(settings, history)
            index = place / "index" if options.index is None else options.index
            if options.entries and not surveys(index):
                say(f"building an index of {options.entries} entries")
                others = _mixed(loads, shares(feed.counts, STAGE_BATCHES * batch), 2 * APART)
                build_crowd(_findings(others, reader, annotator), options.entries, index, granted_cores())
            versions = open_all(index)
            annotator.compare_with(lambda: versions)
            remember = partial(EarlierEpochs, digest=_digests(annotator), features=FEATURES)
            earlier = remember(history)
            for alert in alone:
                earlier.add(reader.read(alert))
            earlier.flush()
            say("measuring each stage")
            by_stage = stages.measure(alone, reader, annotator, batch)
            lengthened = long_packets.measure(alone, reader, annotator)
            say("measuring the naive worker")
            with naive.one_at_a_time():
                slow = _annotator(_with_backbone(settings, batch=1), history)
            slow.novelty = annotator.novelty
            plain = naive.measure(alone[:NAIVE_ALERTS], reader, slow)
        say("measuring the networks alone")
        job = limit.Job(working, tuple(feed.counts), feed.schemas, alone[: LIMIT_BATCHES * batch], batch)
        most = limit.measure(job, options.workers)
        whole = None
        if options.whole:
            burst, steady = (shares(feed.counts, n) for n in (options.alerts, int(options.rate * options.seconds)))
            streams = {survey: Stream(load, burst[survey], steady[survey]) for survey, load in loads.items()}
            where = index if versions else None
            how = WholeOptions(
                options.rate, options.seconds, options.workers, batch, where, feed.schemas, place, options.pin
            )
            whole = run_whole(how, working, streams, remember, reader, say)
        entries = sum(facts.entries for version in versions.values() for facts in version.manifest.populations)
        return Figures(machine(), feed.title, dict(feed.counts), entries, by_stage, most, plain, lengthened, whole)


def shares(counts: Mapping[str, int], total: int) -> dict[str, int]:
    """Split a number of alerts over surveys as their packets are; the last one takes the rest."""
    split = {survey: round(total * count / sum(counts.values())) for survey, count in counts.items()}
    last = next(reversed(split))
    split[last] += total - sum(split.values())
    return split


def _mixed(loads: Mapping[str, ManyAlerts], counts: Mapping[str, int], first: int) -> list[bytes]:
    """Return alerts of all surveys from a number on, evenly mixed."""
    alerts = [
        (number / counts[survey], alert)
        for survey, load in loads.items()
        for number, alert in enumerate(load.alerts(counts[survey], first))
    ]
    return [alert for _, alert in sorted(alerts, key=lambda one: one[0])]


def _with_backbone(settings: Settings, **changed: int) -> Settings:
    return settings.model_copy(update={"backbone": settings.backbone.model_copy(update=changed)})


def _annotator(settings: Settings, history: History) -> Annotator:
    return open_annotator(settings.backbone, choose_rule(settings.epoch, history), history, settings.classifiers)


def _findings(alerts: list[bytes], reader: Reader, annotator: Annotator) -> list[Finding]:
    packets = [reader.read(alert) for alert in alerts]
    return annotator.annotate(packets, [utc_now()] * len(packets))


def _digests(annotator: Annotator) -> Callable[[Packet], str]:
    @cache
    def of(frame: SkyFrame) -> str:
        return annotator.examiner.embedder.digest(frame)

    return lambda packet: of(packet.survey.facts.frame)
