"""What Sosia says of one alert: the record of ``schemas/annotation.avsc``, field by field.

Meanings and units stand in the schema, which travels with every message; the
attributes here are its fields in snake case.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, is_dataclass
from datetime import datetime
from enum import StrEnum
from functools import cache
from types import NoneType
from typing import Any


class EpochState(StrEnum):
    """How far an epoch's image could be judged."""

    JUDGED = "judged"
    WARMING_UP = "warming_up"
    NO_REFERENCE = "no_reference"
    UNREADABLE = "unreadable"


class NoveltyState(StrEnum):
    """How far an image's novelty could be scored."""

    SCORED = "scored"
    NO_INDEX = "no_index"
    PROBLEMATIC = "problematic"
    UNREADABLE = "unreadable"


@dataclass(frozen=True, slots=True)
class BackboneInfo:
    """Which network embedded the stamps."""

    name: str
    digest: str


@dataclass(frozen=True, slots=True)
class ImageInfo:
    """The science stamp itself."""

    masked_fraction: float
    seeing: float | None = None
    snr: float | None = None
    magnitude: float | None = None


@dataclass(frozen=True, slots=True)
class EpochCheck:
    """The image of this epoch against its reference and the object's other epochs."""

    state: EpochState
    rule: str
    n_epochs: int = 0
    problematic: bool | None = None
    score: float | None = None
    reference_distance: float | None = None
    neighbour_distance: float | None = None
    threshold: float | None = None
    changed_snr: float | None = None
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Classification:
    """One network's verdict."""

    classifier: str
    version: str
    input_image: str
    score: float | None = None
    fpr: float | None = None
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Streak:
    """End points of a streak."""

    x1: float
    y1: float
    x2: float
    y2: float
    length: float
    position_angle: float
    ra1: float | None = None
    dec1: float | None = None
    ra2: float | None = None
    dec2: float | None = None


@dataclass(frozen=True, slots=True)
class Lens:
    """A strong-lens candidate's rank."""

    information_content: float
    spread: float


@dataclass(frozen=True, slots=True)
class Neighbour:
    """A look-alike."""

    id: str
    distance: float


@dataclass(frozen=True, slots=True)
class Novelty:
    """Distance of one image to everything seen before."""

    input_image: str
    state: NoveltyState
    k: int = 1
    distance: float | None = None
    p_value: float | None = None
    index_version: str | None = None
    neighbours: tuple[Neighbour, ...] = ()
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Estimate:
    """A property read off labelled look-alikes."""

    name: str
    value: float
    scatter: float
    n_neighbours: int


@dataclass(frozen=True, slots=True)
class Annotation:
    """Everything that Sosia says of one alert."""

    pipeline_version: str
    survey: str
    object_id: str
    epoch_id: str
    band: str | None
    mjd: float | None
    ra: float | None
    dec: float | None
    ingest_time: datetime
    annotate_time: datetime
    backbone: BackboneInfo
    image: ImageInfo
    epoch: EpochCheck
    classifications: tuple[Classification, ...] = ()
    streak: Streak | None = None
    lens: Lens | None = None
    novelty: tuple[Novelty, ...] = ()
    estimates: tuple[Estimate, ...] = ()


def to_record(annotation: Annotation) -> dict[str, Any]:
    """Return the annotation under its Avro field names.

    Returns
    -------
    dict
        As ``fastavro`` writes it; times are aware datetimes.
    """
    record = _renamed(annotation)
    assert isinstance(record, dict)  # a dataclass becomes a dict
    return record


def to_json(annotation: Annotation) -> dict[str, Any]:
    """Return the annotation under its Avro field names, as JSON has it: times in ISO 8601."""
    record = to_record(annotation)
    for key in ("ingestTime", "annotateTime"):
        record[key] = record[key].isoformat()
    return record


#: Of single precision, in which most of an annotation's numbers travel. What is beyond or not a number is not known:
#: it would arrive as infinite, JSON has neither, and a subscriber's filter would pass it.
_LARGEST = 3.4028234e38
#: Most of an annotation's values; asked first, since what is left takes longer to tell.
_AS_THEY_ARE = frozenset({str, int, bool, NoneType, datetime})


def _renamed(value: Any) -> Any:
    kind: type = type(value)
    if kind in _AS_THEY_ARE:
        return value
    if isinstance(value, float):
        return value if abs(value) <= _LARGEST else None
    if kind is tuple:
        return [_renamed(item) for item in value]
    if is_dataclass(kind):
        return {avro: _renamed(getattr(value, name)) for name, avro in _names(kind)}
    return str(value) if isinstance(value, StrEnum) else value


@cache
def _names(kind: type) -> tuple[tuple[str, str], ...]:
    """Return the names of a dataclass's fields, and what Avro calls them."""
    return tuple((item.name, _camel(item.name)) for item in fields(kind))


def _camel(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(part.capitalize() for part in rest)
