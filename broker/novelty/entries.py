"""Whose images the index holds: enough to name a look-alike, and to keep an object from being its own neighbour.

Column by column in memory-mapped files, so that a worker pages in only what it asks for. The rows are found by name and
by declination, so that what lies within 3" is sought in a narrow zone.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING

import numpy as np

from broker.novelty.arrays import map_array

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from broker.novelty.sighting import Identity

#: What lies nearer is the same object under another name [arcsec].
SAME_OBJECT = 3.0
_ZONE = SAME_OBJECT / 3600.0
_COLUMNS: Mapping[str, type[np.generic]] = MappingProxyType({
    "ra": np.float64, "dec": np.float64, "mjd": np.float64, "name_starts": np.int64, "sorted_objects": np.uint64,
    "rows_of_objects": np.int64, "sorted_dec": np.float64, "rows_of_dec": np.int64, "names": np.uint8,
})  # fmt: skip


@dataclass(frozen=True, slots=True, eq=False)
class Entries:
    """The entries of one population, by row.

    Attributes
    ----------
    ra, dec : float64 array (n,)
        ICRS [deg], NaN where unknown.
    mjd : float64 array (n,)
        TAI [d], NaN where unknown.
    name_starts : int64 array (2 n + 1,)
        Where in `names` each row's object id and epoch id start.
    sorted_objects : uint64 array (n,)
        `object_key` of the rows, ascending.
    rows_of_objects : int64 array (n,)
        The row of each of those.
    sorted_dec : float64 array (n,)
        Declinations [deg], ascending, unknown ones last.
    rows_of_dec : int64 array (n,)
        The row of each of those.
    names : uint8 array
        All ids in UTF-8, one after another.
    """

    ra: NDArray[np.float64]
    dec: NDArray[np.float64]
    mjd: NDArray[np.float64]
    name_starts: NDArray[np.int64]
    sorted_objects: NDArray[np.uint64]
    rows_of_objects: NDArray[np.int64]
    sorted_dec: NDArray[np.float64]
    rows_of_dec: NDArray[np.int64]
    names: NDArray[np.uint8]

    def __len__(self) -> int:
        return len(self.dec)

    @classmethod
    def of(cls, identities: Sequence[Identity], epoch_ids: Sequence[str], mjd: NDArray[np.float64]) -> Entries:
        """Gather entries, in the order of their rows."""
        texts = [
            text.encode() for who, epoch in zip(identities, epoch_ids, strict=True) for text in (who.object_id, epoch)
        ]
        keys = np.array([object_key(who.object_id) for who in identities], np.uint64)
        order = np.argsort(keys, kind="stable")
        ra, dec = positions(identities)
        by_dec = np.argsort(dec, kind="stable")
        return cls(
            ra=ra,
            dec=dec,
            mjd=np.asarray(mjd, np.float64),
            name_starts=np.cumsum([0, *map(len, texts)], dtype=np.int64),
            sorted_objects=keys[order],
            rows_of_objects=order.astype(np.int64),
            sorted_dec=dec[by_dec],
            rows_of_dec=by_dec.astype(np.int64),
            names=np.frombuffer(b"".join(texts), np.uint8),
        )

    def save(self, folder: Path) -> None:
        """Write the columns into a folder."""
        for name in _COLUMNS:
            np.save(folder / f"{name}.npy", getattr(self, name))

    @classmethod
    def open(cls, folder: Path) -> Entries:
        """Map the columns of a folder; raises as `map_array`, and ValueError where they are not of one length."""
        found = cls(**{name: map_array(folder / f"{name}.npy", number) for name, number in _COLUMNS.items()})
        others = {"name_starts": 2 * len(found) + 1, "names": found.name_starts[-1]}
        if any(len(getattr(found, name)) != others.get(name, len(found)) for name in _COLUMNS):
            raise ValueError("the columns of its entries are not of one length")
        return found

    def object_id(self, row: int) -> str:
        """Return a row's object."""
        return self._name(2 * row)

    def epoch_id(self, row: int) -> str:
        """Return a row's epoch."""
        return self._name(2 * row + 1)

    def _name(self, place: int) -> str:
        start, end = self.name_starts[place : place + 2]
        return self.names[start:end].tobytes().decode(errors="replace")

    def of_object(self, object_id: str) -> NDArray[np.int64]:
        """Return the rows of an object."""
        key = np.uint64(object_key(object_id))
        start, end = np.searchsorted(self.sorted_objects, key), np.searchsorted(self.sorted_objects, key, "right")
        return np.asarray(self.rows_of_objects[start:end])

    def own(self, who: Identity) -> NDArray[np.int64]:
        """Return the rows that are the same object: of its id, or within `SAME_OBJECT` of it; ascending."""
        same = self.of_object(who.object_id)
        if who.ra is None or who.dec is None:
            return np.sort(same)
        # A zone a little wider, since the search rounds.
        start, end = np.searchsorted(self.sorted_dec, [who.dec - 1.01 * _ZONE, who.dec + 1.01 * _ZONE])
        zone = self.rows_of_dec[start:end]
        near = separation(self.ra[zone], self.dec[zone], who.ra, who.dec) <= SAME_OBJECT
        return np.union1d(same, zone[near])


def object_key(object_id: str) -> int:
    """Return 64 bits that stand for an id: among a million objects two share them once in 40 million indexes."""
    return int.from_bytes(hashlib.blake2b(object_id.encode(), digest_size=8).digest(), "little")


def positions(identities: Sequence[Identity]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return right ascensions and declinations [deg]; NaN where either is unknown."""
    known = [(np.nan, np.nan) if who.ra is None or who.dec is None else (who.ra, who.dec) for who in identities]
    ra, dec = np.array(known, np.float64).reshape(-1, 2).T
    return np.ascontiguousarray(ra), np.ascontiguousarray(dec)


def separation(ra: NDArray[np.float64], dec: NDArray[np.float64], to_ra: float, to_dec: float) -> NDArray[np.float64]:
    """Return distances on the sky [arcsec] between positions [deg], by the haversine, which is exact for small ones."""
    ra_half, dec_half = np.radians(ra - to_ra) / 2, np.radians(dec - to_dec) / 2
    haversine = np.sin(dec_half) ** 2 + np.cos(np.radians(dec)) * np.cos(np.radians(to_dec)) * np.sin(ra_half) ** 2
    return np.asarray(np.degrees(2 * np.arcsin(np.sqrt(np.minimum(haversine, 1.0)))) * 3600.0)
