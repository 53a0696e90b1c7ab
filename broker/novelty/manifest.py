"""What a version says of itself: enough to repeat every score, and to see that its files are the ones written."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from broker.novelty.look_alikes import Number
from broker.novelty.score import ScoreName
from broker.novelty.space import SpaceName
from schemas.errors import NoveltyIndexError

if TYPE_CHECKING:
    from pathlib import Path

#: Raised with every change of the files or of their meaning.
FORMAT = 2
FILE = "manifest.json"
_LARGEST = 10_000_000


@dataclass(frozen=True, slots=True)
class Recall:
    """How often the index finds what looking at every entry finds, for images that are not in it.

    Attributes
    ----------
    queries : int
    at_1, at_10 : float or None
        Against exact search in single precision in the same space; None without queries.
    embedding_at_1, embedding_at_10 : float or None
        Against exact search among the whole embeddings, Euclidean in single precision: in a space of its own an
        index means something else by near, so this is no defect but a difference.
    """

    queries: int
    at_1: float | None
    at_10: float | None
    embedding_at_1: float | None
    embedding_at_10: float | None


@dataclass(frozen=True, slots=True)
class Dropped:
    """How many rows did not become entries, and why."""

    problematic: int
    repeated: int
    not_finite: int
    near_duplicates: int
    for_memory: int


@dataclass(frozen=True, slots=True)
class CalibrationFacts:
    """The ordinary images that scores are compared with; of objects that are not in the index.

    Attributes
    ----------
    objects, first, later : int
        How many objects, first epochs of an object, and later ones.
    pooled : bool
        Whether there were too few to tell the two apart.
    tails : int
        Excesses that the fitted tails rest on, both together; 0 where p-values are counts alone.
    """

    objects: int
    first: int
    later: int
    pooled: bool
    tails: int


@dataclass(frozen=True, slots=True)
class PopulationFacts:
    """One population of a version.

    Attributes
    ----------
    band, image, folder : str
    entries, objects : int
    space : str
    dimensions : int
    number, metric : str
    threads : int
        While it was built: with more than one the graph is not the same twice.
    score : str
    k : int
    bytes_per_entry : float
        Of all files.
    recall : Recall
    dropped : Dropped
    calibration : CalibrationFacts
    """

    band: str
    image: str
    folder: str
    entries: int
    objects: int
    space: SpaceName
    dimensions: int
    number: Number
    metric: str
    threads: int
    score: ScoreName
    k: int
    bytes_per_entry: float
    recall: Recall
    dropped: Dropped
    calibration: CalibrationFacts


@dataclass(frozen=True, slots=True)
class FileFacts:
    """A file's size [bytes] and sha256, in hex."""

    size: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Manifest:
    """A version.

    Attributes
    ----------
    format : int
    version : str
        Its name.
    survey, digest : str
        Whose images, embedded by which backbone.
    created : datetime
        UTC.
    previous : str or None
        The version before.
    populations : tuple of PopulationFacts
    files : dict
        Every file's facts by its path below the version's folder.
    """

    format: int
    version: str
    survey: str
    digest: str
    created: datetime
    previous: str | None
    populations: tuple[PopulationFacts, ...]
    files: dict[str, FileFacts]


def to_json(manifest: Manifest) -> bytes:
    """Return the bytes of ``manifest.json``."""
    from pydantic import TypeAdapter

    return TypeAdapter(Manifest).dump_json(manifest, indent=1) + b"\n"


def read(folder: Path) -> Manifest:
    """Read a version's manifest.

    Raises
    ------
    NoveltyIndexError
        There is none, it is damaged or of another format.
    """
    from pydantic import TypeAdapter, ValidationError

    path = folder / FILE
    try:
        if path.stat().st_size > _LARGEST:
            raise NoveltyIndexError(f"{path} is larger than any manifest")
        manifest = TypeAdapter(Manifest).validate_json(path.read_bytes())
    except OSError as error:
        raise NoveltyIndexError(f"{folder} holds no version of an index: {FILE}: {error.strerror}") from error
    except ValidationError as error:
        raise NoveltyIndexError(f"{path} is damaged: {error.errors()[0]['msg']}; build the version again") from error
    if manifest.format != FORMAT:
        raise NoveltyIndexError(f"{path} is of format {manifest.format}, not {FORMAT}: build the version again")
    return manifest


def facts_of(folder: Path) -> dict[str, FileFacts]:
    """Measure all the files below a folder."""
    return {
        path.relative_to(folder).as_posix(): FileFacts(path.stat().st_size, _sha256(path))
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def verify(folder: Path, manifest: Manifest) -> None:
    """Compare every file with what the manifest says of it.

    Raises
    ------
    NoveltyIndexError
        One is missing or another, or lies elsewhere.
    """
    for name, facts in manifest.files.items():
        pure, path = PurePosixPath(name), folder / name
        if pure.is_absolute() or ".." in pure.parts:
            raise NoveltyIndexError(f"version {manifest.version}: {name!a} lies outside its folder")
        if not path.is_file():
            raise NoveltyIndexError(f"version {manifest.version}: {path} is missing; fetch or build it again")
        if path.stat().st_size != facts.size or _sha256(path) != facts.sha256:
            raise NoveltyIndexError(f"version {manifest.version}: {path} is damaged; fetch or build it again")


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
