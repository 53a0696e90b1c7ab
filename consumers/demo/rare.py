"""What a demonstration found of the rare classes, and, where the night was simulated, what it missed."""

from __future__ import annotations

import heapq
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from consumers.candidates import THRESHOLDS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from broker.packet import Packet
    from models.simulate.stream import Truth

#: Alerts of each survey and class that are kept with their pixels.
SHOWN = 6


@dataclass(frozen=True, slots=True, eq=False)
class Shown:
    """One annotated alert that is kept to be drawn, and the number that it is ranked by."""

    value: float | None
    packet: Packet
    annotation: Mapping[str, Any]


@dataclass(slots=True, eq=False)
class ClassResult:
    """What one class network said of one survey's alerts.

    Attributes
    ----------
    judged : int
        Alerts that it scored.
    candidates : set of str
        Epoch ids of those above its threshold.
    surest, missed : list of Shown
        Candidates by their scores; alerts of the class that are no candidates.
    """

    judged: int = 0
    candidates: set[str] = field(default_factory=set)
    surest: list[Shown] = field(default_factory=list)
    missed: list[Shown] = field(default_factory=list)

    def add(self, threshold: float, shown: Shown, *, true: bool) -> None:
        """Take in one alert."""
        self.judged += shown.value is not None
        if shown.value is not None and shown.value > threshold:
            self.candidates.add(shown.packet.epoch_id)
            self.surest = heapq.nlargest(SHOWN, [*self.surest, shown], key=lambda one: one.value or 0.0)
        elif true and len(self.missed) < SHOWN:
            self.missed.append(shown)


def add_classes(
    classes: dict[str, ClassResult], packet: Packet, annotation: Mapping[str, Any], truth: Truth | None
) -> None:
    """Take in what an annotation says of the rare classes."""
    for one in annotation["classifications"]:
        if one["classifier"] in THRESHOLDS:
            true = truth is not None and truth.rare == one["classifier"]
            result = classes.setdefault(one["classifier"], ClassResult())
            result.add(THRESHOLDS[one["classifier"]], Shown(one["score"], packet, annotation), true=true)


@dataclass(frozen=True, slots=True)
class RareRow:
    """One class among one survey's alerts.

    Attributes
    ----------
    survey, name : str
    judged, candidates : int
        Alerts that the network scored, and those above its threshold.
    true, found : int
        Alerts of the class in a simulated night, and those of them among the candidates.
    others : mapping of str to int
        What the other candidates are, and how many of each.
    """

    survey: str
    name: str
    judged: int
    candidates: int
    true: int
    found: int
    others: Mapping[str, int]


def rare_row(survey: str, name: str, result: ClassResult, truths: Mapping[tuple[str, str], Truth]) -> RareRow:
    """Compare a class's candidates with the truth."""
    known = {epoch_id: truth for (of, epoch_id), truth in truths.items() if of == survey}
    true = {epoch_id for epoch_id, truth in known.items() if truth.rare == name}
    others = Counter(
        f"{truth.kind}, {truth.fault}" if truth.fault else str(truth.kind)
        for truth in (known.get(epoch_id) for epoch_id in result.candidates - true)
        if truth is not None
    )
    found = len(result.candidates & true)
    return RareRow(survey, name, result.judged, len(result.candidates), len(true), found, others)
