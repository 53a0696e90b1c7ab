"""Looks again and again at what the workers and the broker used, and how many alerts had come out by then."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from consumers.bench.process_use import ProcessUse

#: The part of a burst in which the rate is sustained: beyond it, workers still start or have nothing more to do.
MIDDLE = (0.1, 0.9)


@dataclass(frozen=True, slots=True)
class Reading:
    """One look.

    Attributes
    ----------
    alerts : int
        That had come out.
    workers : sequence of ProcessUse
    broker : ProcessUse
    """

    alerts: int
    workers: Sequence[ProcessUse]
    broker: ProcessUse

    @property
    def private_mb(self) -> float:
        """Memory that the largest worker shares with nobody."""
        return max(one.private_mb for one in self.workers)


class Meter:
    """Notes readings.

    Parameters
    ----------
    workers : callable
        Returns what each has used.
    broker : callable
        Likewise.

    Attributes
    ----------
    readings : list of Reading
        In order.
    """

    def __init__(self, workers: Callable[[], Sequence[ProcessUse]], broker: Callable[[], ProcessUse]) -> None:
        self.readings: list[Reading] = []
        self._workers = workers
        self._broker = broker

    def read(self, alerts: int) -> Reading:
        """Look, when so many alerts have come out."""
        self.readings.append(Reading(alerts, self._workers(), self._broker()))
        return self.readings[-1]

    def at(self, alerts: int) -> Reading:
        """Return the first reading with so many alerts or more; the last one where there is none."""
        return next((one for one in self.readings if one.alerts >= alerts), self.readings[-1])

    def cpu_s_per_alert(self, burst: int) -> tuple[float, float]:
        """Return what an alert in the middle of a burst cost the workers and the broker."""
        first, last = (self.at(int(share * burst)) for share in MIDDLE)
        if first is last:  # so short that nobody looked in between
            first, last = self.readings[0], self.at(burst)
        alerts = max(last.alerts - first.alerts, 1)
        workers = sum(b.cpu_s - a.cpu_s for a, b in zip(first.workers, last.workers, strict=True))
        return workers / alerts, (last.broker.cpu_s - first.broker.cpu_s) / alerts
