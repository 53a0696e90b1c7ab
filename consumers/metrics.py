"""What a worker counts, and when; each metric's meaning stands in `consumers.instruments`.

Labels come from closed lists only (configured surveys, enumerations, assigned partitions),
so that no packet can add a time series.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import AbstractContextManager
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING

from broker.classifiers.choosing import BELOW_THRESHOLD, SHED
from broker.classifiers.contract import CLASSES
from consumers.instruments import DAY, Instruments
from schemas.errors import DeadReason, StampReason

if TYPE_CHECKING:
    from collections.abc import Callable

    from prometheus_client import CollectorRegistry

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
        self._instruments = Instruments(registry)
        self._start_at_zero()

    def _start_at_zero(self) -> None:
        """Expose every series from the start: a rate() needs the zero before the first event."""
        for survey in self._surveys:
            for outcome in Outcome:
                self._instruments.alerts.labels(survey, outcome)
            self._instruments.problematic.labels(survey)
        for reason in DeadReason:
            self._instruments.dead.labels(reason)
        for end in TransactionEnd:
            self._instruments.transactions.labels(end)

    def alerts(self, survey: str, outcome: Outcome, count: int = 1) -> None:
        """Count committed records; of a dead letter, the survey is the one configured for its topic."""
        self._instruments.alerts.labels(self._survey(survey), outcome).inc(count)

    def waited(self, survey: str, seconds: float) -> None:
        """Add how long a committed record had waited."""
        self._instruments.waited.labels(self._survey(survey)).observe(seconds)

    def dead(self, reason: DeadReason, count: int = 1) -> None:
        """Count committed dead letters."""
        self._instruments.dead.labels(reason).inc(count)

    def repeated(self, count: int = 1) -> None:
        """Count committed records that repeat an epoch."""
        self._instruments.repeated.inc(count)

    def ledger(self, records: int, accounted: int) -> None:
        """Add one committed ledger row: the records read, and those annotated, dead or skipped."""
        self._instruments.ledger_difference.inc(records - accounted)

    def annotation(self, annotation: Annotation, now: datetime) -> None:
        """Add one committed annotation: its age, its distance and flag, or why it has none."""
        survey = self._survey(annotation.survey)
        epoch = annotation.epoch
        if annotation.mjd is not None:
            taken = (annotation.mjd - UNIX_EPOCH_MJD) * DAY - TAI_MINUS_UTC
            self._instruments.age.labels(survey).observe(now.timestamp() - taken)
        if epoch.reference_distance is not None:
            self._instruments.reference_distance.labels(survey).observe(epoch.reference_distance)
        else:
            reason = epoch.reason if epoch.reason in set(StampReason) else OTHER
            self._instruments.unscored.labels(survey, reason).inc()
        if epoch.problematic:
            self._instruments.problematic.labels(survey).inc()
        for one in annotation.classifications:
            self._classification(survey, one)
        for image in annotation.novelty:
            self._instruments.novelty.labels(survey, image.state).inc()
            if image.p_value is not None:
                self._instruments.p_value.labels(survey).observe(image.p_value)

    def index(self, version: Version) -> None:
        """Tell which version of a survey's novelty index is in use."""
        survey = self._survey(version.manifest.survey)
        self._instruments.index_entries.labels(survey).set(sum(one.entries for one in version.manifest.populations))
        self._instruments.index_created.labels(survey).set(version.manifest.created.timestamp())

    def index_refused(self, survey: str) -> None:
        """Count a version that could not be taken."""
        self._instruments.index_refused.labels(self._survey(survey)).inc()

    def time(self, stage: Stage) -> AbstractContextManager[object]:
        """Measure the block under ``with`` as one batch's time in a stage."""
        return self._instruments.stage_seconds.labels(stage).time()

    def batch(self, records: int) -> None:
        """Add the size of a batch that goes to inference."""
        self._instruments.batch_records.observe(records)

    def transaction(self, end: TransactionEnd) -> None:
        """Count a transaction that ended."""
        self._instruments.transactions.labels(end).inc()

    def lag(self, lags: Mapping[tuple[str, int], int]) -> None:
        """Replace the lag of all assigned partitions [records]; those no longer assigned vanish."""
        current = {(topic, str(partition)): lag for (topic, partition), lag in lags.items()}
        for gone in self._partitions - current.keys():
            self._instruments.lag.remove(*gone)
        for partition, lag in current.items():
            self._instruments.lag.labels(*partition).set(lag)
        self._partitions = set(current)

    def pause(self) -> None:
        """Tell that the input was paused."""
        self._instruments.pauses.inc()
        self._instruments.paused.set(1)

    def resume(self) -> None:
        """Tell that the input flows again."""
        self._instruments.paused.set(0)

    def watch(self, live: Callable[[], bool], ready: Callable[[], bool]) -> None:
        """Expose the worker's health, asked for at each scrape."""
        self._instruments.live.set_function(lambda: float(live()))
        self._instruments.ready.set_function(lambda: float(ready()))

    def _classification(self, survey: str, one: Classification) -> None:
        name = one.classifier if one.classifier in CLASSIFIERS else OTHER
        if one.score is not None:
            self._instruments.looked.labels(survey, name, Looked.SCORED).inc()
            self._instruments.class_score.labels(name).observe(one.score)
        else:
            self._instruments.looked.labels(survey, name, _UNSCORED.get(one.reason, Looked.ABSTAINED)).inc()

    def _survey(self, survey: str) -> str:
        return survey if survey in self._surveys else OTHER
