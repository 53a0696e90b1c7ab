"""The alerts of files in the order in which they were taken, as a stream would bring them.

Files are read twice: first for the times only, so that no more than a few files' packets are in memory at a time.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from broker.files import FilePacket, read_files
from schemas.errors import SosiaError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

    from broker.surveys.survey import Survey

#: Files whose packets are in memory: those of one night may overlap in time.
_OPEN_FILES = 4


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """Where an alert is; in order of time, and of files where that is the same.

    Attributes
    ----------
    mjd : float
        Minus infinity where there is none: such an alert is nobody's earlier epoch.
    file : Path
    number : int
        Which of the file's alerts.
    """

    mjd: float
    file: Path
    number: int


def find_places(
    files: Iterable[Path], surveys: Sequence[Survey], schemas: Path | None = None
) -> tuple[list[Place], list[FilePacket]]:
    """Look where the alerts of some files are.

    Parameters
    ----------
    files, surveys, schemas
        As for `broker.files.read_files`.

    Returns
    -------
    places : list of Place
        In time order.
    unreadable : list of FilePacket
        What cannot be read, with its errors, in the order of the files.
    """
    places: list[Place] = []
    unreadable: list[FilePacket] = []
    numbers: dict[Path, int] = defaultdict(int)
    for one in read_files(dict.fromkeys(files), surveys, schemas):
        if one.packet is None:
            unreadable.append(one)
        else:
            mjd = one.packet.mjd
            places.append(Place(float("-inf") if mjd is None else mjd, one.file, numbers[one.file]))
            numbers[one.file] += 1
    return sorted(places), unreadable


def read_places(
    places: Iterable[Place], surveys: Sequence[Survey], schemas: Path | None = None
) -> Iterator[FilePacket]:
    """Read alerts at some places, in the order of the places."""

    @lru_cache(_OPEN_FILES)
    def alerts(file: Path) -> list[FilePacket]:
        return [one for one in read_files([file], surveys, schemas) if one.packet is not None]

    for place in places:
        found = alerts(place.file)
        if place.number < len(found):
            yield found[place.number]
        else:
            yield FilePacket(place.file, error=SosiaError("was changed while it was read"))
