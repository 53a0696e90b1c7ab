"""Commits finished batches: outputs, ledger rows and input offsets, all in one Kafka transaction or none of them."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from confluent_kafka import TopicPartition

from consumers import metrics, names
from consumers.worker.batch import Annotated, Output
from consumers.worker.dead_letters import dead_letter
from consumers.worker.ledger_rows import ledger_rows
from consumers.worker.provenance import provenance

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import datetime

    from consumers.metrics import Metrics
    from consumers.worker.assignment import Assignment
    from consumers.worker.batch import Outcome
    from consumers.worker.ledger_rows import LedgerRow
    from consumers.worker.quarantine import Quarantine
    from consumers.worker.transaction import Transactions


@dataclass(frozen=True, slots=True)
class Limits:
    """What one transaction may span: its open records hold up every subscriber that reads committed ones."""

    size: int
    seconds: float


@dataclass(frozen=True, slots=True)
class Identity:
    """Who writes: the worker's name, and the version of the software."""

    worker: str
    version: str


class Committer:
    """Commits batches, in pieces where one transaction would grow too large.

    Parameters
    ----------
    transactions : Transactions
    assignment : Assignment
        Its positions move with each commit.
    quarantine : Quarantine
    identity : Identity
    limits : Limits
    clock, monotonic : callable
        The time, with its zone; and seconds from any fixed moment, never set back.
    metrics : Metrics
        Told what is committed, and only that.

    Attributes
    ----------
    surveys : mapping of str to str
        Which survey is configured for an input topic.
    """

    def __init__(
        self,
        transactions: Transactions,
        assignment: Assignment,
        quarantine: Quarantine,
        *,
        identity: Identity,
        limits: Limits,
        clock: Callable[[], datetime],
        monotonic: Callable[[], float],
        metrics: Metrics,
    ) -> None:
        self._transactions = transactions
        self._assignment = assignment
        self._quarantine = quarantine
        self._identity = identity
        self._limits = limits
        self._clock = clock
        self._monotonic = monotonic
        self._metrics = metrics
        self.surveys: Mapping[str, str] = {}

    def commit(self, outcomes: Sequence[Outcome]) -> None:
        """Commit a batch, whose records follow on what was committed before.

        Raises
        ------
        TransactionAbortedError
            The batch is not committed, or only its beginning: go on from the assignment's positions.
        OffsetOrderError
            Its records do not follow.
        """
        while outcomes:
            with self._metrics.time(metrics.Stage.COMMIT):
                taken = self._commit_some(outcomes)
            outcomes = outcomes[taken:]

    def _commit_some(self, outcomes: Sequence[Outcome]) -> int:
        """Commit as many of the outcomes as one transaction may span; return how many."""
        self._transactions.begin()
        taken = self._produce(outcomes)
        committed = outcomes[:taken]
        rows = ledger_rows(committed, self._assignment.positions, self._identity.worker, self._clock())
        for row in rows:
            self._transactions.produce(row.output())
        self._transactions.commit(
            [
                TopicPartition(*row.partition, row.last_offset + 1, metadata=self._quarantine.metadata(row.partition))
                for row in rows
            ]
        )
        self._assignment.positions.update({row.partition: row.last_offset + 1 for row in rows})
        self._quarantine.passed(outcome.record.source for outcome in committed)
        self._count(committed, rows)
        return taken

    def _produce(self, outcomes: Sequence[Outcome]) -> int:
        started = self._monotonic()
        size = 0
        for taken, outcome in enumerate(outcomes):
            outputs = self._outputs(outcome)
            size += sum(output.size for output in outputs)
            spent = self._monotonic() - started
            if taken and (size > self._limits.size or spent > self._limits.seconds):
                return taken
            for output in outputs:
                self._transactions.produce(output)
        return len(outcomes)

    def _outputs(self, outcome: Outcome) -> tuple[Output, ...]:
        """Return what is published of one record."""
        if not isinstance(outcome, Annotated):
            survey = self.surveys.get(outcome.record.topic)
            return (dead_letter(outcome, survey, self._identity.worker, self._identity.version),)
        survey, key = outcome.annotation.survey, outcome.annotation.object_id.encode()
        headers = provenance(outcome.record).headers()
        return (
            Output(names.annotated(survey), key, outcome.packet, headers),
            Output(names.scores(survey), key, outcome.scores, headers),
            *(Output(names.EMBEDDINGS, key, row, headers) for row in outcome.embeddings),
        )

    def _count(self, committed: Sequence[Outcome], rows: Sequence[LedgerRow]) -> None:
        now = self._clock()
        outcomes: Counter[tuple[str, metrics.Outcome]] = Counter()
        for outcome in committed:
            survey = self.surveys.get(outcome.record.topic, metrics.OTHER)
            if outcome.record.timestamp is not None:
                self._metrics.waited(survey, now.timestamp() - outcome.record.timestamp / 1000)
            if isinstance(outcome, Annotated):
                outcomes[outcome.annotation.survey, metrics.Outcome.ANNOTATED] += 1
                self._metrics.annotation(outcome.annotation, now)
            else:
                outcomes[survey, metrics.Outcome.DEAD] += 1
                self._metrics.dead(outcome.reason)
        for (survey, end), count in outcomes.items():
            self._metrics.alerts(survey, end, count)
        for row in rows:
            self._metrics.repeated(row.repeated)
            self._metrics.ledger(row.records, row.accounted)
        self._metrics.transaction(metrics.TransactionEnd.COMMITTED)
