"""Every metric of a worker, each with its meaning.

Labels come from closed lists only (configured surveys, enumerations, assigned partitions),
so that no packet can add a time series.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import AbstractContextManager
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from broker.classifiers.choosing import BELOW_THRESHOLD, SHED
from broker.classifiers.contract import CLASSES
from schemas.errors import DeadReason, StampReason

if TYPE_CHECKING:
    from collections.abc import Callable

    from broker.annotation import Annotation, Classification
    from broker.novelty.versions import Version

#: Label of whatever is in none of the closed lists.
OTHER = "other"

#: Names of the networks in annotations.
CLASSIFIERS = frozenset((*CLASSES, *(f"router.{name}" for name in CLASSES)))

#: TAI - UTC [s], unchanged since 2017; a leap second more would be invisible in an age.
TAI_MINUS_UTC = 37.0
#: Modified Julian date of the Unix epoch.
UNIX_EPOCH_MJD = 40587.0

MINUTE, HOUR, DAY = 60.0, 3600.0, 86400.0


class Outcome(StrEnum):
    """What became of an input record."""

    ANNOTATED = "annotated"
    DEAD = "dead"
    SKIPPED = "skipped"


class Looked(StrEnum):
    """Whether a class network looked at an alert."""

    SCORED = "scored"
    ROUTED_AWAY = "routed away"
    ABSTAINED = "abstained"
    SHED = "shed"


#: What became of an alert without a score, by the reason; any other is that of an abstention.
_UNSCORED: Mapping[str | None, Looked] = {BELOW_THRESHOLD: Looked.ROUTED_AWAY, SHED: Looked.SHED}


class Stage(StrEnum):
    """One step of a batch."""

    DECODE = "decode"
    INFERENCE = "inference"
    ENCODE = "encode"
    COMMIT = "commit"


class TransactionEnd(StrEnum):
    """How a Kafka transaction ended."""

    COMMITTED = "committed"
    ABORTED = "aborted"


class Metrics:
    """The metrics of one worker.

    Count only what is committed: call `alerts`, `dead`, `repeated`, `ledger` and `annotation`
    after the transaction, so that a batch done twice is counted once.

    Parameters
    ----------
    registry : CollectorRegistry
        Where they are exposed; a registry of its own for each worker in a test.
    surveys : iterable of str
        The configured surveys; any other counts as ``other``.
    """

    def __init__(self, registry: CollectorRegistry, surveys: Iterable[str]) -> None:
        self._surveys = frozenset(surveys)
        self._partitions: set[tuple[str, str]] = set()

        self._alerts = Counter(
            "sosia_alerts",
            "Input records by survey and by what became of them",
            ["survey", "outcome"],
            registry=registry,
        )
        self._dead = Counter("sosia_dead_letters", "Dead letters by reason", ["reason"], registry=registry)
        self._repeated = Counter(
            "sosia_repeated", "Annotated records that repeat an epoch: the survey sent it again", registry=registry
        )
        self._ledger_difference = Gauge(
            "sosia_ledger_difference",
            "Records received less records annotated, dead or skipped, over all committed ledger rows; not 0 is a bug",
            registry=registry,
        )
        self._stage_seconds = Histogram(
            "sosia_stage_seconds",
            "Time that one batch spends in a stage [s]",
            ["stage"],
            buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0),
            registry=registry,
        )
        self._batch_records = Histogram(
            "sosia_batch_records",
            "Records in a batch: small ones mean that the input is slower than the worker",
            buckets=(1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024),
            registry=registry,
        )
        self._age = Histogram(
            "sosia_alert_age_seconds",
            "Now less mid-exposure, when the annotation was committed [s]; replayed nights are days and years old",
            ["survey"],
            buckets=(
                30,
                MINUTE,
                2 * MINUTE,
                5 * MINUTE,
                15 * MINUTE,
                HOUR,
                6 * HOUR,
                DAY,
                7 * DAY,
                30 * DAY,
                365 * DAY,
            ),
            registry=registry,
        )
        self._waited = Histogram(
            "sosia_input_wait_seconds",
            "Now less the record's own timestamp in its topic, when it was committed [s]: how far the worker is behind",
            ["survey"],
            buckets=(0.5, 1, 2, 5, 10, 30, MINUTE, 2 * MINUTE, 5 * MINUTE, 15 * MINUTE, HOUR, 6 * HOUR),
            registry=registry,
        )
        self._lag = Gauge(
            "sosia_lag_records",
            "Offsets between the last committed record and the end of an assigned partition; "
            "includes the markers of the input's own transactions",
            ["topic", "partition"],
            registry=registry,
        )
        self._problematic = Counter(
            "sosia_problematic", "Epochs flagged as problematic by the epoch check", ["survey"], registry=registry
        )
        self._unscored = Counter(
            "sosia_unscored_stamps",
            "Alerts annotated without a distance, by reason",
            ["survey", "reason"],
            registry=registry,
        )
        self._reference_distance = Histogram(
            "sosia_reference_distance",
            "Distance of science and reference embeddings; its median drifts with the sky, the camera or the backbone",
            ["survey"],
            buckets=(0.5, 1, 2, 3, 4, 5, 6, 8, 10, 12, 15, 20, 30, 50),
            registry=registry,
        )
        self._looked = Counter(
            "sosia_classified",
            "Alerts by what a class network did with them: the router saves it some, its domain excludes others, and a "
            "worker that is behind sheds those that its operator named",
            ["survey", "classifier", "outcome"],
            registry=registry,
        )
        self._class_score = Histogram(
            "sosia_class_score",
            "Scores of the class networks; nearly all alerts belong to no rare class",
            ["classifier"],
            buckets=(0.001, 0.01, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99, 0.999, 1.0),
            registry=registry,
        )
        self._novelty = Counter(
            "sosia_novelty", "Images by how far their novelty could be scored", ["survey", "state"], registry=registry
        )
        self._p_value = Histogram(
            "sosia_novelty_p_value",
            "Novelty p-values: uniform as long as the night is like the index; an upper end that empties is drift",
            ["survey"],
            buckets=(1e-6, 1e-5, 1e-4, 1e-3, 0.01, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0),
            registry=registry,
        )
        self._index_entries = Gauge(
            "sosia_index_entries", "Entries of the novelty index in use, all bands", ["survey"], registry=registry
        )
        self._index_created = Gauge(
            "sosia_index_created_seconds",
            "When the novelty index in use was made [s since 1970]: which version it is, and how old",
            ["survey"],
            registry=registry,
        )
        self._index_refused = Counter(
            "sosia_index_refused",
            "Announced versions of the novelty index that could not be taken; the one before stays in use",
            ["survey"],
            registry=registry,
        )
        self._transactions = Counter(
            "sosia_transactions", "Kafka transactions by how they ended", ["outcome"], registry=registry
        )
        self._pauses = Counter(
            "sosia_pauses",
            "Times that the input was paused, since the worker was full or a schema source silent",
            registry=registry,
        )
        self._paused = Gauge("sosia_paused", "1 while the input is paused", registry=registry)
        self._live = Gauge("sosia_live", "1 while the main loop moves: what /live answers", registry=registry)
        self._ready = Gauge("sosia_ready", "1 while alerts are being annotated: what /ready answers", registry=registry)
        self._start_at_zero()

    def _start_at_zero(self) -> None:
        """Expose every series from the start: a rate() needs the zero before the first event."""
        for survey in self._surveys:
            for outcome in Outcome:
                self._alerts.labels(survey, outcome)
            self._problematic.labels(survey)
        for reason in DeadReason:
            self._dead.labels(reason)
        for end in TransactionEnd:
            self._transactions.labels(end)

    def alerts(self, survey: str, outcome: Outcome, count: int = 1) -> None:
        """Count committed records; of a dead letter, the survey is the one configured for its topic."""
        self._alerts.labels(self._survey(survey), outcome).inc(count)

    def waited(self, survey: str, seconds: float) -> None:
        """Add how long a committed record had waited."""
        self._waited.labels(self._survey(survey)).observe(seconds)

    def dead(self, reason: DeadReason, count: int = 1) -> None:
        """Count committed dead letters."""
        self._dead.labels(reason).inc(count)

    def repeated(self, count: int = 1) -> None:
        """Count committed records that repeat an epoch."""
        self._repeated.inc(count)

    def ledger(self, records: int, accounted: int) -> None:
        """Add one committed ledger row: the records read, and those annotated, dead or skipped."""
        self._ledger_difference.inc(records - accounted)

    def annotation(self, annotation: Annotation, now: datetime) -> None:
        """Add one committed annotation: its age, its distance and flag, or why it has none."""
        survey = self._survey(annotation.survey)
        epoch = annotation.epoch
        if annotation.mjd is not None:
            taken = (annotation.mjd - UNIX_EPOCH_MJD) * DAY - TAI_MINUS_UTC
            self._age.labels(survey).observe(now.timestamp() - taken)
        if epoch.reference_distance is not None:
            self._reference_distance.labels(survey).observe(epoch.reference_distance)
        else:
            reason = epoch.reason if epoch.reason in set(StampReason) else OTHER
            self._unscored.labels(survey, reason).inc()
        if epoch.problematic:
            self._problematic.labels(survey).inc()
        for one in annotation.classifications:
            self._classification(survey, one)
        for image in annotation.novelty:
            self._novelty.labels(survey, image.state).inc()
            if image.p_value is not None:
                self._p_value.labels(survey).observe(image.p_value)

    def index(self, version: Version) -> None:
        """Tell which version of a survey's novelty index is in use."""
        survey = self._survey(version.manifest.survey)
        self._index_entries.labels(survey).set(sum(one.entries for one in version.manifest.populations))
        self._index_created.labels(survey).set(version.manifest.created.timestamp())

    def index_refused(self, survey: str) -> None:
        """Count a version that could not be taken."""
        self._index_refused.labels(self._survey(survey)).inc()

    def time(self, stage: Stage) -> AbstractContextManager[object]:
        """Measure the block under ``with`` as one batch's time in a stage."""
        return self._stage_seconds.labels(stage).time()

    def batch(self, records: int) -> None:
        """Add the size of a batch that goes to inference."""
        self._batch_records.observe(records)

    def transaction(self, end: TransactionEnd) -> None:
        """Count a transaction that ended."""
        self._transactions.labels(end).inc()

    def lag(self, lags: Mapping[tuple[str, int], int]) -> None:
        """Replace the lag of all assigned partitions [records]; those no longer assigned vanish."""
        current = {(topic, str(partition)): lag for (topic, partition), lag in lags.items()}
        for gone in self._partitions - current.keys():
            self._lag.remove(*gone)
        for partition, lag in current.items():
            self._lag.labels(*partition).set(lag)
        self._partitions = set(current)

    def pause(self) -> None:
        """Tell that the input was paused."""
        self._pauses.inc()
        self._paused.set(1)

    def resume(self) -> None:
        """Tell that the input flows again."""
        self._paused.set(0)

    def watch(self, live: Callable[[], bool], ready: Callable[[], bool]) -> None:
        """Expose the worker's health, asked for at each scrape."""
        self._live.set_function(lambda: float(live()))
        self._ready.set_function(lambda: float(ready()))

    def _classification(self, survey: str, one: Classification) -> None:
        name = one.classifier if one.classifier in CLASSIFIERS else OTHER
        if one.score is not None:
            self._looked.labels(survey, name, Looked.SCORED).inc()
            self._class_score.labels(name).observe(one.score)
        else:
            self._looked.labels(survey, name, _UNSCORED.get(one.reason, Looked.ABSTAINED)).inc()

    def _survey(self, survey: str) -> str:
        return survey if survey in self._surveys else OTHER
