"""The router before the class networks on a simulated ordinary night: what it lets pass, and what that saves."""

from __future__ import annotations

import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from broker.annotator import stamp_pair
from broker.classifiers.choosing import BELOW_THRESHOLD, Classifiers
from broker.classifiers.contract import Sight
from broker.reader import Reader
from broker.surveys.rubin import Rubin
from broker.surveys.ztf import Ztf
from models.intervals import Figure, wilson
from models.simulate import rubin
from models.simulate.stream import simulate
from schemas.source import FolderSource

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from broker.annotation import Classification
    from broker.classifiers.choosing import Classified, Router
    from broker.classifiers.contract import Classifier

SEED = 5_005
#: Alerts that are classified in one call, as a worker does.
_BATCH = 128


@dataclass(frozen=True, slots=True)
class NightFigures:
    """One survey's night.

    Attributes
    ----------
    passed : mapping of class to Figure
        Share of the alerts in the class's domain that its network looked at.
    missed : mapping of class to Figure
        Of those of the class that the network accepts when it looks at all: share that the router kept from it.
    spared : mapping of class to Figure
        The same of what the network takes for its class against the truth.
    before_ms, after_ms : float
        CPU of the class networks, and of the router with them [ms an alert].
    """

    passed: Mapping[str, Figure]
    missed: Mapping[str, Figure]
    spared: Mapping[str, Figure]
    before_ms: float
    after_ms: float


def on_night(
    survey: str,
    alerts: int,
    networks: Sequence[Classifier],
    router: Router,
    accepted: Mapping[str, float],
    rare: float = 0.0,
) -> NightFigures:
    """Classify a simulated night with the router and without it.

    Parameters
    ----------
    survey : {"ztf", "lsst"}
    alerts : int
    networks, router
        As a worker has them.
    accepted : mapping of class to float
        Score above which its network accepts.
    rare : float
        Share of alerts of the rare classes; none on an ordinary night.
    """
    with tempfile.TemporaryDirectory(prefix="sosia-router-") as folder:
        rubin.save_schema(Path(folder))
        reader = Reader([Ztf(), Rubin()], FolderSource(Path(folder)))
        sights, truth = [], []
        for alert in simulate(survey, alerts, SEED, rare):
            packet = reader.read(alert.packet)
            pair = stamp_pair(packet)
            sights.append(Sight(packet, pair.science, pair.reference))
            truth.append(alert.truth.rare)
    every, before_ms = _classified(Classifiers(networks), sights)
    some, after_ms = _classified(Classifiers(networks, router), sights)
    passed: dict[str, Figure] = {}
    missed: dict[str, Figure] = {}
    spared: dict[str, Figure] = {}
    for name in router.thresholds:
        full, saved = (_entries(found, name) for found in (every, some))
        asked = [i for i, entry in enumerate(full) if entry.score is not None]
        passed[name] = wilson(sum(saved[i].score is not None for i in asked), len(asked))
        taken = [i for i in asked if (full[i].score or 0.0) > accepted[name]]
        for figures, of_class in ((missed, True), (spared, False)):
            those = [i for i in taken if (truth[i] == name) == of_class]
            figures[name] = wilson(sum(saved[i].reason == BELOW_THRESHOLD for i in those), len(those))
    return NightFigures(passed, missed, spared, before_ms, after_ms)


def _classified(classifiers: Classifiers, sights: Sequence[Sight]) -> tuple[list[Classified], float]:
    """Classify; return with it the CPU that an alert took [ms], the first batch aside, which warms everything up."""
    classifiers.classify(sights[:_BATCH])
    found: list[Classified] = []
    started = time.process_time()
    for start in range(0, len(sights), _BATCH):
        found += classifiers.classify(sights[start : start + _BATCH])
    return found, 1e3 * (time.process_time() - started) / len(sights)


def _entries(found: Sequence[Classified], name: str) -> list[Classification]:
    return [next(entry for entry in one.classifications if entry.classifier == name) for one in found]
