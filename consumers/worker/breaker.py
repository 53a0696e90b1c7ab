"""Notices that nearly everything is unreadable: then the fault is not the packets', and dead letters help nobody."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

from consumers.worker.batch import Dead

if TYPE_CHECKING:
    from collections.abc import Iterable

    from consumers.worker.batch import Outcome


class Breaker:
    """Trips where the share of dead letters among the last records is too large.

    Parameters
    ----------
    share : float
        The largest that is borne, 0 to 1.
    window : int
        How many of the last records count.
    least : int
        Records to see before judging.
    """

    def __init__(self, share: float, window: int, least: int) -> None:
        self._share = share
        self._least = least
        self._dead: deque[bool] = deque(maxlen=window)

    def trips(self, outcomes: Iterable[Outcome]) -> bool:
        """Take note of the outcomes, and tell whether it is too much."""
        self._dead.extend(isinstance(outcome, Dead) for outcome in outcomes)
        return len(self._dead) >= self._least and sum(self._dead) > self._share * len(self._dead)
