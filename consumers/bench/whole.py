"""The whole system on a real local Kafka: a burst that waits in the topic, and then a steady rate."""

from __future__ import annotations

import time
from contextlib import ExitStack, closing
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from broker.annotation import NoveltyState
from broker.history.opening import open_history
from consumers.bench.meter import MIDDLE, Meter
from consumers.bench.process_use import process_use
from consumers.bench.subscriber import Subscriber
from consumers.bench.whole_figures import Latency, Whole
from consumers.bench.workers import POLL_S, first_ready, history_url, pin, start_worker, uses
from consumers.bounded_read import read, whole
from consumers.names import DEAD, EMBEDDINGS, LEDGER, REPLAY, annotated, scores
from consumers.replay import Progress, publish
from ops.local_kafka import LocalKafka
from schemas.errors import SosiaError
from schemas.own import unpack

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from confluent_kafka import KafkaError, Message

    from broker.history.history import History
    from broker.reader import Reader
    from consumers.bench.load import EarlierEpochs
    from consumers.bench.making import ManyAlerts
    from consumers.bench.whole_options import WholeOptions
    from consumers.demo.worker_process import WorkerProcess
    from consumers.settings import Settings

#: Of every topic, so that each worker has as much to do as the others.
PARTITIONS_A_WORKER = 2
#: Without any receipt for so long, something is wrong; loading the networks falls into it [s].
STALLED_S = 120.0
#: Memory is compared from this alert on: a worker has then seen everything once.
SETTLED = 10_000
#: A Kafka that was just started is not yet all there, and librdkafka says so.
_CLIENT = {"log_level": "3"}


@dataclass(slots=True)
class _Published(Progress):
    """Also remembers when the broker appended each [s since 1970], by ``topic/partition/offset``."""

    appended: dict[str, float] = field(default_factory=dict)

    def acknowledge(self, error: KafkaError | None, message: Message) -> None:
        """Note one delivery report."""
        Progress.acknowledge(self, error, message)
        if error is None:
            origin = f"{message.topic()}/{message.partition()}/{message.offset()}"
            self.appended[origin] = message.timestamp()[1] / 1e3


@dataclass(frozen=True, slots=True, eq=False)
class Stream:
    """One survey's part of the load.

    Attributes
    ----------
    load : ManyAlerts
    burst, steady : int
        Its alerts.
    """

    load: ManyAlerts
    burst: int
    steady: int


def run_whole(
    options: WholeOptions,
    settings: Settings,
    streams: Mapping[str, Stream],
    remember: Callable[[History], EarlierEpochs],
    reader: Reader,
    say: Callable[[str], object],
) -> Whole:
    """Measure the whole system.

    Parameters
    ----------
    options : WholeOptions
    settings : Settings
        The user's: backbone, rule and class networks.
    streams : mapping
        By survey.
    remember : callable
        Returns what gives the load's objects their earlier epochs.
    reader : Reader
        Of the load.
    say : callable
        Is told what is done.

    Raises
    ------
    SosiaError
        A worker ended, or nothing came for `STALLED_S` seconds.
    """
    topics = {survey: f"bench.{survey}" for survey in streams}
    total = sum(stream.burst for stream in streams.values())
    steady = sum(stream.steady for stream in streams.values())
    with ExitStack() as stack:
        say("starting Kafka")
        kafka = stack.enter_context(LocalKafka(options.folder / "kafka"))
        outputs = [name(survey) for survey in topics for name in (annotated, scores)]
        names = [*topics.values(), *outputs, REPLAY, EMBEDDINGS, DEAD, LEDGER]
        partitions = PARTITIONS_A_WORKER * options.workers
        kafka.create_topics(dict.fromkeys(names, partitions), {"message.timestamp.type": "LogAppendTime"})
        config = {"bootstrap.servers": kafka.bootstrap, **_CLIENT}
        say(f"filling the topics with {total} alerts, and the history with their objects' earlier epochs")
        history = stack.enter_context(closing(open_history(history_url(options))))
        earlier = remember(history)
        burst: dict[str, float] = {}
        waiting: dict[str, list[bytes]] = {}
        for survey, stream in streams.items():
            burst |= _publish(_known(stream.load.alerts(stream.burst), reader, earlier), topics[survey], config)
            # In memory, so that making them takes no core from the workers.
            waiting[survey] = list(_known(stream.load.alerts(stream.steady, stream.burst), reader, earlier))
        earlier.flush()
        say(f"running {options.workers} workers")
        subscriber = stack.enter_context(Subscriber(config, [annotated(survey) for survey in topics]))
        workers = [
            stack.enter_context(start_worker(options, settings, kafka, topics, n)) for n in range(options.workers)
        ]
        if options.pin:
            pin(workers)
        started = first_ready(workers)
        meter = Meter(lambda: uses(workers), lambda: process_use(kafka.pid or 0))
        _wait_for(subscriber, config, total, workers, meter)
        say(f"publishing {options.rate:g} alerts/s for {options.seconds:g} s")
        published: dict[str, float] = {}
        for survey, alerts in waiting.items():
            published |= _publish(alerts, topics[survey], config, options.rate)
        _wait_for(subscriber, config, total + steady, workers, meter)
        end = meter.read(len(subscriber.receipts))
        for worker in workers:
            if (code := worker.stop()) != 0:
                raise SosiaError(f"a worker ended with code {code}.{worker.tail()}")
        received = sorted(one.received for origin, one in subscriber.receipts.items() if origin in burst)
        pairs = [(at, subscriber.receipts[one]) for one, at in published.items() if one in subscriber.receipts]
        networks, judged = _scored(config, topics)
        cpu_s, kafka_cpu_s = meter.cpu_s_per_alert(total)
        return Whole(
            alerts_per_s=_sustained(received),
            burst_alerts=total,
            drained_s=received[-1] - started,
            steady_rate=options.rate,
            latency_s=Latency.of([one.received - at for at, one in pairs]),
            append_latency_s=Latency.of([one.appended - at for at, one in pairs]),
            cpu_s_per_alert=cpu_s,
            kafka_cpu_s_per_alert=kafka_cpu_s,
            peak_rss_mb=max(one.peak_rss_mb for one in end.workers),
            private_mb=(meter.at(min(total, SETTLED)).private_mb, end.private_mb),
            networks=networks,
            judged_by_history=judged,
            dead=_dead(config),
            repeated=subscriber.repeated,
            history_rows=earlier.rows,
            workers=options.workers,
        )


def _known(alerts: Iterable[bytes], reader: Reader, earlier: EarlierEpochs) -> Iterator[bytes]:
    """Yield alerts as they are, after their objects were given earlier epochs."""
    for alert in alerts:
        earlier.add(reader.read(alert))
        yield alert


def _publish(
    alerts: Iterable[bytes], topic: str, config: Mapping[str, str], rate: float | None = None
) -> dict[str, float]:
    """Publish alerts; return when each was appended, by its origin."""
    published = _Published()
    publish(((f"alert {n}", alert) for n, alert in enumerate(alerts)), topic, config, rate=rate, progress=published)
    if published.failed:
        raise SosiaError(f"{published.failed} packets could not be published: {published.first_error}")
    return published.appended


def _wait_for(
    subscriber: Subscriber, config: Mapping[str, str], count: int, workers: list[WorkerProcess], meter: Meter
) -> None:
    """Wait until so many alerts came out, dead letters included."""
    seen, moved = 0, time.monotonic()
    while (done := meter.read(len(subscriber.receipts)).alerts) < count:
        for worker in workers:
            worker.check()
        if done != seen:
            seen, moved = done, time.monotonic()
        elif time.monotonic() - moved > STALLED_S / 10 and done + _dead(config) >= count:
            return
        elif time.monotonic() - moved > STALLED_S:
            logs = "".join(worker.tail() for worker in workers)
            raise SosiaError(f"{done} of {count} alerts came out, and nothing more for {STALLED_S:g} s.{logs}")
        time.sleep(POLL_S)


def _sustained(received: list[float]) -> float:
    """Alerts a second over the middle of the receipts."""
    first, last = (int(share * (len(received) - 1)) for share in MIDDLE)
    return (last - first) / max(received[last] - received[first], 1e-3)


def _dead(config: Mapping[str, str]) -> int:
    return sum(1 for _ in read(config, whole(config, [DEAD])))


def _scored(config: Mapping[str, str], surveys: Iterable[str]) -> tuple[dict[str, float], float]:
    """Read the thin records: which networks gave how many a score, and how many had earlier epochs to go by."""
    counts: dict[str, int] = {"epoch": 0, "novelty": 0}
    total = judged = 0
    for message in read(config, whole(config, [scores(survey) for survey in surveys])):
        annotation = unpack("annotation", message.value() or b"")
        total += 1
        judged += annotation["epoch"]["nEpochs"] > 0
        counts["epoch"] += annotation["epoch"]["score"] is not None
        counts["novelty"] += any(one["state"] == NoveltyState.SCORED for one in annotation["novelty"])
        for entry in annotation["classifications"]:
            counts[entry["classifier"]] = counts.get(entry["classifier"], 0) + (entry["score"] is not None)
    return {name: count / max(total, 1) for name, count in counts.items()}, judged / max(total, 1)
