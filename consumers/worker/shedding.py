"""What a worker does without while it is behind: the networks that its operator named, until it has caught up."""

from __future__ import annotations

from datetime import UTC, datetime
from statistics import median
from typing import TYPE_CHECKING

import structlog

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from broker.classifiers.choosing import Classifiers
    from consumers.worker.batch import Record

log = structlog.get_logger()


class Shedding:
    """Decides batch by batch, by how long the median record had waited: one strange timestamp decides nothing.

    Parameters
    ----------
    classifiers : Classifiers
        Told what nobody is to look at.
    classes : iterable of str
        What may be shed; none: nothing ever is.
    above_s : float
        The worker is behind from this wait on [s], until it is down to half of it.
    clock : callable, optional
        The time, with its zone.
    """

    def __init__(
        self,
        classifiers: Classifiers,
        classes: Iterable[str],
        above_s: float,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._classifiers = classifiers
        self._classes = frozenset(classes)
        self._above_s = above_s
        self._clock = clock

    def decide(self, records: Sequence[Record]) -> None:
        """Take note of the records that are annotated next."""
        stamps = [record.timestamp for record in records if record.timestamp is not None]
        if not stamps or not self._classes:
            return
        waited = self._clock().timestamp() - median(stamps) / 1000
        shed = self._classifiers.shed
        if not shed and waited > self._above_s:
            log.warning("behind: shedding", classes=sorted(self._classes), waited=round(waited, 1))
            self._classifiers.shed = self._classes
        elif shed and waited < self._above_s / 2:
            log.info("caught up: shedding no more", waited=round(waited, 1))
            self._classifiers.shed = frozenset()
