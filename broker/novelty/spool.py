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
    from collections.abc import Iterator
    from pathlib import Path

    from numpy.typing import NDArray

    from broker.novelty.sighting import Identity, Sighting

#: Rows handled at a time.
CHUNK = 2_000
#: What waits to be written to one file [bytes].
_WAITING = 100_000
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


@dataclass(frozen=True, slots=True, eq=False)
class Rows:
    """Some of the spooled rows; their embeddings are read when asked for.

    Attributes
    ----------
    spooled : Spooled
    which : int array (n,)
        Places in its `sightings`.
    """

    spooled: Spooled
    which: NDArray[np.intp]

    def __len__(self) -> int:
        return len(self.which)

    def sightings(self) -> list[Sighting]:
        """Return what is known of each."""
        return [self.spooled.sightings[one] for one in self.which]

    def identities(self) -> list[Identity]:
        """Return whose each is."""
        return [one.identity for one in self.sightings()]

    def embeddings(self) -> NDArray[np.float32]:
        """Read their embeddings (n, d)."""
        return np.asarray(self.spooled.embeddings[self.spooled.places[self.which]], np.float32)

    def disturbances(self) -> NDArray[np.float32] | None:
        """Read their disturbances (n, measures); None where not all of the spooled have them."""
        every = self.spooled.disturbances
        return None if every is None else every[self.spooled.places[self.which]]

    def thumbnails(self) -> NDArray[np.uint8] | None:
        """Read their thumbnails (n, side, side); None where not all of the spooled have them."""
        every = self.spooled.thumbnails
        return None if every is None else every[self.spooled.places[self.which]]

    def some(self, which: NDArray[np.integer] | slice) -> Rows:
        """Return some of these."""
        return Rows(self.spooled, self.which[which])

    def chunks(self) -> Iterator[Rows]:
        """Yield all of them, some at a time."""
        for start in range(0, len(self), CHUNK):
            yield self.some(slice(start, start + CHUNK))


@dataclass(slots=True, eq=False)
class Spool:
    """Takes in one population's rows.

    Parameters
    ----------
    folder : Path
        Of its own; the caller removes it. No file stays open: a survey may have any number of bands.
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
    _waiting: dict[str, bytearray] = field(default_factory=dict)
    _shapes: dict[str, tuple[int, ...]] = field(default_factory=dict)

    def __len__(self) -> int:
        """Count the rows that stay so far."""
        return len(self._kept)

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
        shape = self._shapes.setdefault(name, values.shape)
        if values.shape != shape:
            raise NoveltyIndexError(f"rows of different shape in {name}: {values.shape} after {shape}")
        waiting = self._waiting.setdefault(name, bytearray())
        waiting += values.tobytes()
        if len(waiting) > _WAITING:
            self._flush(name)

    def _flush(self, name: str) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        with (self.folder / name).open("ab") as file:
            file.write(self._waiting.pop(name))

    def _thin(self) -> None:
        self._limit //= 2
        kept = {key: one for key, one in self._kept.items() if object_key(key[0]) < self._limit}
        self._for_memory += len(self._kept) - len(kept)
        self._kept = kept

    def done(self) -> Spooled:
        """Return what was taken in."""
        for name in list(self._waiting):
            self._flush(name)
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
        if name not in self._shapes:
            return np.empty((0, 0), number)
        return np.memmap(self.folder / name, number, "r").reshape(-1, *self._shapes[name])
