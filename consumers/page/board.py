"""What the page holds: the newest annotations, so many and no more, and which of them pass a filter."""

from __future__ import annotations

import threading
from collections import Counter, OrderedDict, deque
from dataclasses import dataclass, field
from itertools import islice
from typing import TYPE_CHECKING, Any

from consumers.client import compile_expression

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping
    from datetime import datetime

#: Filters whose answers are kept up to date, so that asking again costs only what came since.
FILTERS = 32


@dataclass(frozen=True, slots=True, eq=False)
class Entry:
    """One annotation on the page.

    Attributes
    ----------
    number : int
        In the order of arrival.
    topic, partition, time
        Where and when its scores were published.
    origin : str
        Of the survey's record: its name on the page.
    annotation : mapping
        Under its Avro field names.
    """

    number: int
    topic: str
    partition: int
    time: datetime
    origin: str
    annotation: Mapping[str, Any]


@dataclass(slots=True)
class _Passed:
    """What passes one filter, up to an entry's number."""

    passes: Callable[[Mapping[str, Any]], bool]
    entries: deque[Entry] = field(default_factory=deque)
    next: int = 0


class Board:
    """A ring of entries; written by one thread, read by many.

    Parameters
    ----------
    capacity : int
        Entries that are held.
    """

    def __init__(self, capacity: int) -> None:
        self.capacity = capacity
        self.problem: str | None = "nothing read yet"
        self._lock = threading.Lock()
        self._ring: deque[Entry] = deque()
        self._by_origin: dict[str, Entry] = {}
        self._passed: OrderedDict[str, _Passed] = OrderedDict()
        self._surveys: Counter[str] = Counter()
        self._received = 0

    @property
    def received(self) -> int:
        """How many came since the page was started."""
        return self._received

    @property
    def surveys(self) -> list[str]:
        """Whose alerts are there, sorted."""
        with self._lock:
            return sorted(survey for survey, count in self._surveys.items() if count)

    def add(self, topic: str, partition: int, time: datetime, origin: str, annotation: Mapping[str, Any]) -> None:
        """Take one in; the oldest goes where there are too many, and what is there already stays."""
        with self._lock:
            if origin in self._by_origin:
                return
            entry = Entry(self._received, topic, partition, time, origin, annotation)
            self._received += 1
            self._ring.append(entry)
            self._by_origin[origin] = entry
            self._surveys[annotation["survey"]] += 1
            if len(self._ring) > self.capacity:
                oldest = self._ring.popleft()
                del self._by_origin[oldest.origin]
                self._surveys[oldest.annotation["survey"]] -= 1
                for passed in self._passed.values():  # or filters that nobody asks any more would keep it in memory
                    if passed.entries and passed.entries[0] is oldest:
                        passed.entries.popleft()

    def get(self, origin: str) -> Entry | None:
        """Return an entry by its origin; None where it is not, or no longer, there."""
        return self._by_origin.get(origin)

    def origins(self, epochs: Collection[str]) -> dict[str, str]:
        """Return the origins of those of some epochs that are there, by epoch id."""
        if not epochs:
            return {}
        found = ((entry.annotation["epochId"], entry.origin) for entry in self.entries())
        return {epoch: origin for epoch, origin in found if epoch in epochs}

    def entries(self) -> list[Entry]:
        """Return all, newest first."""
        with self._lock:
            return list(reversed(self._ring))

    def passing(self, where: str) -> list[Entry]:
        """Return those that pass a filter, newest first; an empty one passes all.

        Raises
        ------
        ConfigurationError
            The filter is none.
        """
        if not where:
            return self.entries()
        with self._lock:
            passed = self._passed.pop(where, None) or _Passed(compile_expression(where))
            self._passed[where] = passed  # the last one asked for is the last to go
            oldest = self._ring[0].number if self._ring else 0
            new = islice(self._ring, max(passed.next - oldest, 0), None)
            passed.entries.extend(entry for entry in new if passed.passes(entry.annotation))
            passed.next = self._received
            while len(self._passed) > FILTERS:
                self._passed.popitem(last=False)
            return list(reversed(passed.entries))
