"""Finds the packet that kills workers, with no memory but the metadata of the offsets committed in Kafka.

Each start at an offset is counted there, and an orderly end takes its count back. Where two workers died at one
offset, the third takes that partition's packets singly, and marks each before it is touched and again once it
has been annotated. So a packet is blamed only for deaths between its own two marks: a worker that an operator
kills in mid-transaction condemns nobody.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, TypeAlias

import structlog

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from consumers.worker.assignment import Found
    from consumers.worker.batch import Partition, Record

log = structlog.get_logger()

#: Starts at one offset, this one included, from which on packets go singly: two deaths.
SINGLY_FROM = 3
#: Deaths while a packet was alone, from which on it is not touched any more.
DEADLY = 2
#: Longer metadata were never written by this worker.
_LONGEST = 200


@dataclass(frozen=True, slots=True)
class Mark:
    """What a committed offset's metadata tell.

    Attributes
    ----------
    starts : int
        Workers that began at this offset and did not end orderly, the present one included.
    probes : int
        Of those, how many began to process the one packet at this offset and never finished it.
    """

    starts: int = 0
    probes: int = 0

    @classmethod
    def read(cls, metadata: str | None) -> Mark:
        """Read an offset's metadata; whatever is not ours counts as none."""
        if not metadata or len(metadata) > _LONGEST:
            return cls()
        try:
            values = json.loads(metadata)
            return cls(max(int(values["starts"]), 0), max(int(values["probes"]), 0))
        except (ValueError, TypeError, KeyError):
            return cls()

    def write(self) -> str:
        """Return the metadata; empty where there is nothing to tell."""
        return json.dumps({"starts": self.starts, "probes": self.probes}) if self.starts or self.probes else ""

    @property
    def suspicious(self) -> bool:
        """Whether packets have to go singly."""
        return self.starts >= SINGLY_FROM or self.probes > 0


#: Commits metadata at the present position of some partitions.
WriteMarks: TypeAlias = "Callable[[Mapping[Partition, str]], None]"


class Quarantine:
    """Which partitions' packets have to go singly, and which one is not to be touched.

    Parameters
    ----------
    write : callable
        Commits metadata at the present positions.
    length : int
        Packets to take singly: as many as could have been on their way when a worker died.
    """

    def __init__(self, write: WriteMarks, length: int) -> None:
        self._write = write
        self._length = length
        self._marks: dict[Partition, Mark] = {}
        self._remaining: dict[Partition, int] = {}
        self._probed: Partition | None = None

    @property
    def active(self) -> bool:
        """Whether packets have to go singly."""
        return bool(self._remaining)

    def arrive(self, found: Mapping[Partition, Found]) -> None:
        """Count a start at the committed offsets of newly assigned partitions, which replace all earlier ones.

        Where no record waits, whatever workers died of was somewhere else.
        """
        marks = {partition: Mark.read(one.metadata) if one.waiting else Mark() for partition, one in found.items()}
        self._marks = {partition: replace(mark, starts=mark.starts + 1) for partition, mark in marks.items()}
        self._remaining = {
            partition: min(self._length, found[partition].waiting)
            for partition, mark in self._marks.items()
            if mark.suspicious
        }
        self._probed = None
        for topic, partition in self._remaining:
            log.warning("packets go singly: workers died here", topic=topic, partition=partition)
        self._write({partition: mark.write() for partition, mark in self._marks.items()})

    def leave(self) -> None:
        """Take the starts back where nothing has been committed since: this worker ends orderly."""
        self._write(
            {partition: replace(mark, starts=mark.starts - 1).write() for partition, mark in self._marks.items()}
        )
        self._marks, self._remaining = {}, {}

    def condemned(self, record: Record) -> bool:
        """Whether the record killed its workers, being the first one after the committed offset."""
        return record.source in self._remaining and self._marks[record.source].probes >= DEADLY

    def probe(self, record: Record) -> None:
        """Mark the one record that is about to be processed."""
        if record.source in self._remaining:
            mark = self._marks[record.source]
            self._probed = record.source
            self._write({record.source: replace(mark, probes=mark.probes + 1).write()})

    def survived(self, record: Record) -> None:
        """Mark that the record was processed: whatever happens now is not its doing."""
        if record.source in self._remaining:
            self._marks[record.source] = replace(self._marks[record.source], probes=0)
            self._write({record.source: self._marks[record.source].write()})

    def metadata(self, partition: Partition) -> str:
        """Return what a transaction writes beside its offset: while packets go singly, that they do."""
        return Mark(SINGLY_FROM - 1).write() if self._remaining.get(partition, 0) > 1 else ""

    def exhausted(self, partition: Partition, received: int) -> None:
        """Take note that a partition has no more records than were received: the others were transactions' markers.

        Parameters
        ----------
        partition : (topic, number)
        received : int
            Its records that wait to be processed.
        """
        if partition in self._remaining:
            self._remaining[partition] = received + (partition == self._probed)
            if self._remaining[partition] == 0:
                del self._remaining[partition]
                self._marks[partition] = Mark(starts=1)
                self._write({partition: self._marks[partition].write()})

    def passed(self, partitions: Iterable[Partition]) -> None:
        """Take note of records committed, each by its partition."""
        self._probed = None
        for partition in partitions:
            if partition in self._remaining:
                self._marks[partition] = Mark(SINGLY_FROM)
                self._remaining[partition] -= 1
                if self._remaining[partition] == 0:
                    del self._remaining[partition]
            if partition not in self._remaining:
                self._marks.pop(partition, None)
