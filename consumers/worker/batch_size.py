"""How large a batch pays on this machine: learnt from the batches themselves.

A batch of n records takes a n + b seconds: b is what a batch costs however small it is, a transaction's and a network
pass's overhead. Larger batches share b among more records and let each wait longer; beyond the size at which b is a
small part, they only wait.
"""

from __future__ import annotations

from collections import deque
from itertools import cycle

import numpy as np

#: Share of a batch's time that its overhead may be.
OVERHEAD = 0.05
#: Batches that the fit goes by, the newest, and the fewest that it takes.
REMEMBERED, FEWEST = 50, 8
#: While nothing is known, batches of different sizes are taken: of one size alone nothing can be learnt.
TRIED = (0.25, 0.5, 1.0)


class BatchSize:
    """Chooses the size of batches.

    Parameters
    ----------
    most : int
        Records of the largest batch.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._measured: deque[tuple[int, float]] = deque(maxlen=REMEMBERED)
        self._least = max(round(min(TRIED) * most), 1)
        self._trials = cycle(max(round(share * most), 1) for share in TRIED)
        #: Of the next batch.
        self.records = next(self._trials)

    def measured(self, records: int, seconds: float) -> None:
        """Learn from a batch that is done; called by one thread at a time."""
        self._measured.append((records, seconds))
        fitted = self._fitted()
        self.records = next(self._trials) if fitted is None else fitted

    def _fitted(self) -> int | None:
        """Return the smallest size tried or larger whose overhead is small, or None where that is not known."""
        sizes, seconds = np.array(self._measured, dtype=np.float64).T
        if len(sizes) < FEWEST or sizes.min() == sizes.max():
            return None
        slope, overhead = np.polyfit(sizes, seconds, 1)
        if slope <= 0:  # a record more costs nothing
            return self._most
        enough = max(overhead, 0.0) / slope * (1.0 - OVERHEAD) / OVERHEAD
        return int(np.clip(np.ceil(enough), self._least, self._most))
