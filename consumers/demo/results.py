"""What came out of a demonstration: read back from the output topics, as a subscriber would."""

from __future__ import annotations

import heapq
import statistics
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from broker.reader import Reader
from consumers.assembly import open_surveys
from consumers.bounded_read import read, whole
from consumers.demo.rare import ClassResult, RareRow, Shown, add_classes, rare_row
from consumers.names import DEAD, annotated
from schemas.source import FolderSource
from schemas.writer import ANNOTATION_FIELD

if TYPE_CHECKING:
    from broker.packet import Packet
    from consumers.audit.audit import Audit
    from models.simulate.stream import Truth

# Alerts of each survey that are kept with their pixels: those farthest from their references, and the nearest.
FARTHEST, NEAREST = 9, 6


@dataclass(slots=True, eq=False)
class SurveyResult:
    """The annotated alerts of one survey.

    Attributes
    ----------
    annotated : int
        How many.
    flagged : set of str
        Epoch ids of those that were called problematic.
    distances : dict of str to float
        Epoch id to distance between the embeddings of science and reference, where there is one.
    unscored : Counter
        The others by reason.
    farthest, nearest : list of Shown
        In the order of their distances.
    classes : dict of str to ClassResult
        What each class network said.
    """

    annotated: int = 0
    flagged: set[str] = field(default_factory=set)
    distances: dict[str, float] = field(default_factory=dict)
    unscored: Counter[str] = field(default_factory=Counter)
    farthest: list[Shown] = field(default_factory=list)
    nearest: list[Shown] = field(default_factory=list)
    classes: dict[str, ClassResult] = field(default_factory=dict)

    def add(self, packet: Packet, annotation: Mapping[str, Any], truth: Truth | None = None) -> None:
        """Take in one alert."""
        self.annotated += 1
        add_classes(self.classes, packet, annotation, truth)
        if annotation["epoch"]["problematic"]:
            self.flagged.add(packet.epoch_id)
        distance = annotation["epoch"]["referenceDistance"]
        if distance is None:
            self.unscored[annotation["epoch"]["reason"] or "no reason given"] += 1
            return
        self.distances[packet.epoch_id] = distance
        shown = Shown(distance, packet, annotation)
        self.farthest = heapq.nlargest(FARTHEST, [*self.farthest, shown], key=_distance)
        self.nearest = heapq.nsmallest(NEAREST, [*self.nearest, shown], key=_distance)

    @property
    def median(self) -> float | None:
        """Median distance."""
        return statistics.median(self.distances.values()) if self.distances else None


def _distance(shown: Shown) -> float:
    return shown.value or 0.0


@dataclass(frozen=True, slots=True)
class TruthRow:
    """Simulated alerts of one survey: good images by what they are of, and the others by their fault."""

    survey: str
    good: bool
    what: str
    count: int
    flagged: int
    median: float | None


@dataclass(frozen=True, slots=True, eq=False)
class Results:
    """All that a demonstration found.

    Attributes
    ----------
    title : str
        What was streamed.
    published : mapping of str to int
        Packets by survey.
    surveys : mapping of str to SurveyResult
        What was annotated.
    dead : int
        Dead letters found in their topic.
    audit : Audit
        What the audit found.
    backbones : mapping of str to str
        Name to digest of the networks that the annotations name.
    rate : float or None
        Alerts a second, from the receipt of the first to the annotation of the last.
    truths : mapping of (survey, epoch id) to Truth
        Of simulated alerts.
    """

    title: str
    published: Mapping[str, int]
    surveys: Mapping[str, SurveyResult]
    dead: int
    audit: Audit
    backbones: Mapping[str, str]
    rate: float | None
    truths: Mapping[tuple[str, str], Truth]

    @property
    def annotated(self) -> int:
        """All annotated alerts."""
        return sum(result.annotated for result in self.surveys.values())

    @property
    def untrained(self) -> bool:
        """Whether the network's weights are random, so that its distances mean nothing."""
        return any("untrained" in name for name in self.backbones)

    @property
    def problems(self) -> list[str]:
        """Why the counts do not add up; empty where they do."""
        published = sum(self.published.values())
        found = list(self.audit.problems)
        if not self.audit.balanced and not found:
            found.append("the ledger is not in balance")
        if published != self.annotated + self.dead:
            found.append(f"{published} published, but {self.annotated} annotated and {self.dead} dead letters found")
        if self.audit.received != published:
            found.append(f"{published} published, but {self.audit.received} in the input topics")
        return found

    @property
    def simulated(self) -> list[TruthRow]:
        """Simulated alerts in groups, each survey's good images first."""
        groups: dict[tuple[str, bool, str], list[str]] = {}
        for (survey, epoch_id), truth in self.truths.items():
            groups.setdefault((survey, truth.fault is not None, truth.fault or truth.kind), []).append(epoch_id)
        rows = []
        for (survey, faulty, what), epochs in sorted(groups.items()):
            result = self.surveys[survey]
            distances = [result.distances[epoch] for epoch in epochs if epoch in result.distances]
            median = statistics.median(distances) if distances else None
            flagged = len(result.flagged.intersection(epochs))
            rows.append(TruthRow(survey, not faulty, what, len(epochs), flagged, median))
        return rows

    @property
    def rare(self) -> list[RareRow]:
        """The rare classes of each survey whose networks looked, or of which the simulated night has some."""
        true = {(survey, truth.rare) for (survey, _), truth in self.truths.items()}
        return [
            rare_row(survey, name, found, self.truths)
            for survey, result in self.surveys.items()
            for name, found in result.classes.items()
            if found.judged or (survey, name) in true
        ]


def collect(
    config: Mapping[str, str],
    *,
    title: str,
    published: Mapping[str, int],
    audit: Audit,
    truths: Mapping[tuple[str, str], Truth],
    schemas: Path | None,
) -> Results:
    """Read the outputs of a demonstration.

    Parameters
    ----------
    config : mapping of str to str
        Options of the client.
    title, published, audit, truths
        See `Results`.
    schemas : Path or None
        Folder of the schemas of wire-format packets.
    """
    reader = Reader(open_surveys(published), FolderSource(schemas) if schemas is not None else None)
    surveys = {survey: SurveyResult() for survey in published}
    backbones: dict[str, str] = {}
    first: datetime | None = None
    last: datetime | None = None
    for message in read(config, whole(config, [annotated(survey) for survey in published])):
        packet = reader.read(message.value() or b"")
        body, schema = packet.framed.body, packet.framed.schema
        annotation = schema.decode(body, schema.spans(body), ANNOTATION_FIELD)
        surveys[packet.survey.name].add(packet, annotation, truths.get((packet.survey.name, packet.epoch_id)))
        backbones[annotation["backbone"]["name"]] = annotation["backbone"]["digest"]
        first = min(first or annotation["ingestTime"], annotation["ingestTime"])
        last = max(last or annotation["annotateTime"], annotation["annotateTime"])
    seconds = (last - first).total_seconds() if first is not None and last is not None else 0.0
    count = sum(result.annotated for result in surveys.values())
    return Results(
        title=title,
        published=published,
        surveys=surveys,
        dead=_count(read(config, whole(config, [DEAD]))),
        audit=audit,
        backbones=backbones,
        rate=count / seconds if seconds > 0 else None,
        truths=truths,
    )


def _count(messages: Iterable[object]) -> int:
    return sum(1 for _ in messages)
