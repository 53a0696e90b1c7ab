"""Simulated nights, as the worker sees them: embedded, judged by the epoch rule, some alerts with a novelty painted in.

What an earlier call made is kept in a folder, and not made again.
"""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from functools import partial
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from broker.annotator import stamp_pair
from broker.epoch_check import EpochChecker
from broker.history.embedding_bytes import half
from broker.novelty.sighting import Identity, Population, Sighting
from broker.reader import Reader
from broker.rules.sosia import Sosia
from broker.stamp_pair import Stamp
from consumers.assembly import open_surveys
from consumers.evaluate_novelty.novelties import KINDS, VISIBLE, painted
from models.simulate import rubin
from models.simulate.stream import simulate
from schemas.source import FolderSource

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from numpy.typing import NDArray

    from broker.examiner import Examiner
    from broker.packet import Packet
    from broker.stamp_pair import StampPair
    from models.simulate.stream import SimulatedAlert

SURVEYS = ("ztf", "lsst")
BATCH = 256


@dataclass(frozen=True, slots=True)
class Painter:
    """What some of the ordinary alerts come a second time with.

    Attributes
    ----------
    name : str
        Of the files that the nights are kept in.
    kinds : tuple of str
    share : float
        Of the ordinary alerts.
    paint : callable
        Paints one of the kinds into a readable pair.
    """

    name: str
    kinds: tuple[str, ...]
    share: float
    paint: Callable[[StampPair, str, np.random.Generator], StampPair]


NOVELTIES = Painter("night", KINDS, 0.1, painted)
#: Such as anybody would see.
VISIBLE_NOVELTIES = Painter("visible", KINDS, 0.3, partial(painted, prior=VISIBLE))


@dataclass(frozen=True, slots=True, eq=False)
class Night:
    """The readable alerts of one survey's simulated night, in time order.

    Attributes
    ----------
    survey, digest : str
    embeddings : float16 array (n, d)
    bands, objects, kinds : str arrays (n,)
        A kind is ``ordinary``, ``fault: ...`` or ``novel: ...``.
    mjd, ra, dec : float64 arrays (n,)
    problematic : bool array (n,)
        What the epoch rule says.
    """

    survey: str
    digest: str
    embeddings: NDArray[np.float16]
    bands: NDArray[np.str_]
    objects: NDArray[np.str_]
    kinds: NDArray[np.str_]
    mjd: NDArray[np.float64]
    ra: NDArray[np.float64]
    dec: NDArray[np.float64]
    problematic: NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.kinds)

    @property
    def ordinary(self) -> NDArray[np.bool_]:
        """Which have neither fault nor novelty."""
        return np.asarray(self.kinds == "ordinary")

    @property
    def novel(self) -> NDArray[np.bool_]:
        """Which have a novelty."""
        return np.asarray(np.char.startswith(self.kinds, "novel"))

    @property
    def faulty(self) -> NDArray[np.bool_]:
        """Which have one of the night's usual faults."""
        return np.asarray(np.char.startswith(self.kinds, "fault"))

    @property
    def first(self) -> NDArray[np.bool_]:
        """Which are their object's first in their band."""
        keys = np.char.add(np.char.add(self.objects, "/"), self.bands)
        _, firsts = np.unique(keys, return_index=True)  # in time order: the earliest
        found = np.zeros(len(self), np.bool_)
        found[firsts] = True
        return found

    def sightings(self, which: NDArray[np.integer]) -> Iterator[Sighting]:
        """Yield rows as the index takes them in."""
        for one in which:
            yield Sighting(
                Population(self.survey, str(self.bands[one])),
                Identity(str(self.objects[one]), float(self.ra[one]), float(self.dec[one])),
                f"{self.objects[one]}-{one}",
                float(self.mjd[one]),
                self.digest,
                self.embeddings[one],
                bool(self.problematic[one]),
            )


def night(folder: Path, examiner: Examiner, survey: str, alerts: int, seed: int, painter: Painter = NOVELTIES) -> Night:
    """Simulate a night, or read what an earlier call made of it."""
    folder.mkdir(parents=True, exist_ok=True)
    (known,) = open_surveys([survey])
    digest = examiner.embedder.digest(known.facts.frame)
    file = folder / f"{painter.name}-{survey}-{alerts}-{seed}-{digest[:12]}.npz"
    if not file.is_file():
        columns = _columns(examiner, survey, alerts, seed, digest, painter)
        unfinished = file.with_suffix(".part.npz")
        np.savez(unfinished, allow_pickle=False, **columns)
        unfinished.rename(file)
    with np.load(file) as stored:
        return Night(survey, digest, **{name: stored[name] for name in stored.files})


def _columns(
    examiner: Examiner, survey: str, alerts: int, seed: int, digest: str, painter: Painter
) -> dict[str, NDArray[np.generic]]:
    rng = np.random.default_rng([seed, SURVEYS.index(survey), 7])
    checker = EpochChecker(Sosia(), None)
    found: list[tuple[NDArray[np.float16], str, str, str, float, float, float, bool]] = []
    waiting = _alerts(survey, alerts, seed, rng, painter)
    while batch := list(islice(waiting, BATCH)):
        examined = examiner.examine([pair for _, pair, _ in batch])
        checks = checker.check([packet for packet, _, _ in batch], examined, [digest] * len(batch))
        for (packet, _, kind), result, check in zip(batch, examined, checks, strict=True):
            place = result.embedded.science_embedding
            if place is None:
                continue
            assert packet.band is not None  # the simulator tells all of them
            assert packet.mjd is not None and packet.ra is not None and packet.dec is not None  # noqa: PT018  likewise
            found.append((half(place), packet.band, f"{seed}-{packet.object_id}", kind, packet.mjd, packet.ra,
                          packet.dec, bool(check.problematic)))  # fmt: skip
    names = ("embeddings", "bands", "objects", "kinds", "mjd", "ra", "dec", "problematic")
    return {name: np.array(column) for name, column in zip(names, zip(*found, strict=True), strict=True)}


def _alerts(
    survey: str, alerts: int, seed: int, rng: np.random.Generator, painter: Painter
) -> Iterator[tuple[Packet, StampPair, str]]:
    """Yield a night's alerts, and after some of the ordinary ones the same with a novelty."""
    with tempfile.TemporaryDirectory() as folder:
        reader = Reader(open_surveys([survey]), FolderSource(rubin.save_schema(Path(folder) / "schema").parent))
        for alert in simulate(survey, alerts, seed):
            (packet,) = reader.read_all(alert.packet)
            pair = stamp_pair(packet)
            yield packet, pair, _kind(alert)
            if alert.truth.fault is None and isinstance(pair.science, Stamp) and rng.random() < painter.share:
                kind = str(rng.choice(painter.kinds))
                yield packet, painter.paint(pair, kind, rng), f"novel: {kind}"


def _kind(alert: SimulatedAlert) -> str:
    return "ordinary" if alert.truth.fault is None else f"fault: {alert.truth.fault}"
