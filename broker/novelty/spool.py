"""Rows on their way into an index: embeddings on the disk, the rest in memory, and no more of them than fit.

Where there are too many, objects go by a hash of their ids, all of an object's epochs together: whatever the order
of the rows, the same objects stay, and they are a fair sample.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from broker.novelty.entries import object_key
from schemas.errors import NoveltyIndexError

if TYPE_CHECKING:
    from pathlib import Path
    from typing import BinaryIO

    from numpy.typing import NDArray

    from broker.novelty.sighting import Sighting

_EVERY_KEY = 1 << 64
_NOTHING: NDArray[np.float16] = np.empty(0, np.float16)
EMBEDDINGS, PICTURES, DISTURBANCES = "embeddings.f16", "thumbnails.u8", "disturbances.f32"


@dataclass(frozen=True, slots=True, eq=False)
class Spooled:
    """The rows of one population that stayed.

    Attributes
    ----------
    sightings : list of Sighting
        Without embeddings, thumbnails and disturbances.
    places : int64 array (n,)
        Where in the arrays each is.
    embeddings : float16 array (all, d)
    thumbnails : uint8 array (all, side, side) or None
    disturbances : float32 array (all, measures) or None
        Where all are pictures.
    repeated, not_finite, for_memory : int
        Rows that came twice, whose embedding is no place, and that did not fit.
    """

    sightings: list[Sighting]
    places: NDArray[np.int64]
    embeddings: NDArray[np.float16]
    thumbnails: NDArray[np.uint8] | None
    disturbances: NDArray[np.float32] | None
    repeated: int
    not_finite: int
    for_memory: int

    def good_objects(self) -> int:
        """Return how many objects have images that are not problematic."""
        return len({one.identity.object_id for one in self.sightings if not one.problematic})


@dataclass(slots=True, eq=False)
class Spool:
    """Takes in one population's rows.

    Parameters
    ----------
    folder : Path
        Of its own; the caller removes it.
    most_rows : int
    """

    folder: Path
    most_rows: int
    _kept: dict[tuple[str, str], tuple[int, Sighting]] = field(default_factory=dict)
    _limit: int = _EVERY_KEY
    _written: int = 0
    _repeated: int = 0
    _not_finite: int = 0
    _for_memory: int = 0
    _files: dict[str, BinaryIO] = field(default_factory=dict)
    _shapes: dict[str, tuple[int, ...]] = field(default_factory=dict)

    def add(self, sighting: Sighting) -> None:
        """Take in a row.

        Raises
        ------
        NoveltyIndexError
            It has another number of features, or another size of thumbnail, than those before it.
        """
        key = (sighting.identity.object_id, sighting.epoch_id)
        if object_key(sighting.identity.object_id) >= self._limit:
            self._for_memory += 1
            return
        if key in self._kept:
            self._repeated += 1
            return
        if not np.isfinite(sighting.embedding).all():
            self._not_finite += 1
            return
        self._write(EMBEDDINGS, sighting.embedding)
        if sighting.thumbnail is not None:
            self._write(PICTURES, sighting.thumbnail)
        if sighting.disturbance is not None:
            self._write(DISTURBANCES, sighting.disturbance)
        self._kept[key] = self._written, replace(sighting, embedding=_NOTHING, thumbnail=None, disturbance=None)
        self._written += 1
        while len(self._kept) > self.most_rows and self._limit > 1:
            self._thin()

    def _write(self, name: str, values: NDArray[np.generic]) -> None:
        if name not in self._files:
            self.folder.mkdir(parents=True, exist_ok=True)
            self._files[name] = (self.folder / name).open("wb")
            self._shapes[name] = values.shape
        if values.shape != self._shapes[name]:
            raise NoveltyIndexError(f"rows of different shape in {name}: {values.shape} after {self._shapes[name]}")
        self._files[name].write(values.tobytes())

    def _thin(self) -> None:
        self._limit //= 2
        kept = {key: one for key, one in self._kept.items() if object_key(key[0]) < self._limit}
        self._for_memory += len(self._kept) - len(kept)
        self._kept = kept

    def close(self) -> None:
        """Close the files; what was taken in stays readable."""
        for file in self._files.values():
            file.close()

    def done(self) -> Spooled:
        """Return what was taken in."""
        self.close()
        pictures, disturbances = self._read(PICTURES, np.uint8), self._read(DISTURBANCES, np.float32)
        return Spooled(
            [one for _, one in self._kept.values()],
            np.array([place for place, _ in self._kept.values()], np.int64),
            self._read(EMBEDDINGS, np.float16),
            pictures if len(pictures) == self._written else None,
            disturbances if len(disturbances) == self._written else None,
            self._repeated,
            self._not_finite,
            self._for_memory,
        )

    def _read(self, name: str, number: type[np.generic]) -> NDArray[Any]:
        if name not in self._files:
            return np.empty((0, 0), number)
        return np.memmap(self.folder / name, number, "r").reshape(-1, *self._shapes[name])
