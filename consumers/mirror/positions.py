"""How far each partition of the source is mirrored: told by a compacted topic of our own cluster."""

from __future__ import annotations

from typing import TYPE_CHECKING

from consumers.bounded_read import read, whole
from consumers.names import POSITIONS
from consumers.worker.batch import Output
from schemas.errors import ConfigurationError
from schemas.own import pack, unpack

if TYPE_CHECKING:
    from collections.abc import Mapping

    from consumers.worker.batch import Partition


class Positions:
    """The first offset of each partition that is not mirrored yet.

    Parameters
    ----------
    config : mapping of str to str
        Options of the client of our own cluster. Read only after the mirror before this one was fenced.
    source : str
        The mirror's name of the foreign cluster.

    Raises
    ------
    UnreadableError
        A position is damaged: nobody can tell where to go on.
    """

    def __init__(self, config: Mapping[str, str], source: str) -> None:
        self._source = source
        self._known: dict[Partition, tuple[str, int]] = {}
        for message in read(config, whole(config, [POSITIONS])):
            row = unpack("position", message.value() or b"")
            self._known[row["topic"], row["partition"]] = row["source"], row["offset"]

    def of(self, partition: Partition) -> int | None:
        """Return a partition's position; None where nothing of it is mirrored.

        Raises
        ------
        ConfigurationError
            The topic was mirrored from another source, whose offsets mean other records.
        """
        source, offset = self._known.get(partition, (self._source, None))
        if source != self._source:
            raise ConfigurationError(
                f"topic {partition[0]} is mirrored from {source}, and one topic holds one source's records; take it "
                f"off mirror.topics, or set mirror.name to {source} where that is this cluster's earlier name"
            )
        return offset

    def moved(self, offsets: Mapping[Partition, int]) -> None:
        """Take note of what was committed."""
        self._known |= {partition: (self._source, offset) for partition, offset in offsets.items()}

    def output(self, partition: Partition, offset: int) -> Output:
        """Return the record that tells a position; the topic keeps the last one of each partition."""
        topic, number = partition
        row = {"source": self._source, "topic": topic, "partition": number, "offset": offset}
        return Output(POSITIONS, f"{topic}/{number}".encode(), pack("position", row), ())
