"""Versions of the index in a folder: written aside, made durable, renamed into place, opened only when whole.

::

    DIR/ztf/current                          the name of the version in use
    DIR/ztf/20261121T040614Z-1a2b3c4d/       a version: manifest.json and one folder a population
    DIR/ztf/feedback.jsonl                   what people said since

A process that is killed at any moment leaves the versions that were there and, at worst, a folder ``.writing-*`` that
the next build removes.
"""

from __future__ import annotations

import fcntl
import os
import re
import shutil
import tempfile
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from broker.novelty import manifest as manifests
from broker.novelty.feedback import Ranking
from broker.novelty.population_index import PopulationIndex
from schemas.errors import NoveltyIndexError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from broker.novelty.manifest import Manifest
    from broker.novelty.sighting import Population

CURRENT = "current"
_WRITING = ".writing-"
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")


@dataclass(frozen=True, slots=True, eq=False)
class Version:
    """One version, opened.

    Attributes
    ----------
    folder : Path
    manifest : Manifest
    populations : mapping
        By (band, image).
    """

    folder: Path
    manifest: Manifest
    populations: Mapping[tuple[str, str], PopulationIndex]

    @property
    def name(self) -> str:
        """Of the version, as annotations tell it."""
        return self.manifest.version

    def of(self, population: Population) -> PopulationIndex | None:
        """Return the index of a population, or None where there is none."""
        if population.survey != self.manifest.survey:
            return None
        return self.populations.get((population.band, population.image))

    def ranking(self, population: PopulationIndex) -> Ranking:
        """Return what people's feedback makes of a population's ranking."""
        return Ranking.open(population.folder)


def surveys(root: Path) -> list[str]:
    """Return the surveys that have a current version in a folder."""
    return sorted(path.parent.name for path in root.glob(f"*/{CURRENT}"))


def survey_folder(root: Path, survey: str) -> Path:
    """Return the folder of a survey's versions; its name may have come with an alert."""
    return root / _checked(survey, "survey")


def version_folder(root: Path, survey: str, name: str) -> Path:
    """Return the folder of a version, whose name may have come from elsewhere."""
    return survey_folder(root, survey) / _checked(name, "version")


def open_version(folder: Path, digest: str | None = None, *, threads: int = 1, lookups: bool = False) -> Version:
    """Open a version; every file is read once and compared with the manifest.

    Parameters
    ----------
    folder : Path
        Of the version.
    digest : str, optional
        Of the backbone in use.
    threads : int
        Of a search.
    lookups : bool
        Whether entries' features are asked for; it costs memory.

    Raises
    ------
    NoveltyIndexError
        It is missing, damaged, or of another backbone.
    """
    manifest = manifests.read(folder)
    if digest is not None and manifest.digest != digest:
        raise NoveltyIndexError(
            f"version {manifest.version} was built with backbone {manifest.digest[:12]}, and {digest[:12]} is in use: "
            "their distances do not compare; build the index again, or configure its backbone"
        )
    manifests.verify(folder, manifest)
    names = [_checked(facts.folder, "population") for facts in manifest.populations]
    return Version(
        folder,
        manifest,
        {
            (facts.band, facts.image): PopulationIndex.open(folder / name, facts, threads, lookups=lookups)
            for name, facts in zip(names, manifest.populations, strict=True)
        },
    )


def open_current(
    root: Path, survey: str, digest: str | None = None, *, threads: int = 1, lookups: bool = False
) -> Version:
    """Open the version of a survey that is in use; raises as `open_version`."""
    name = current(root, survey)
    if name is None:
        raise NoveltyIndexError(f"{root} holds no index of survey {survey!a}: make one with 'sosia index build'")
    return open_version(survey_folder(root, survey) / name, digest, threads=threads, lookups=lookups)


def open_all(root: Path) -> dict[str, Version]:
    """Open every survey's version in use; raises as `open_version`."""
    return {survey: open_current(root, survey) for survey in surveys(root)}


def current(root: Path, survey: str) -> str | None:
    """Return the name of the version in use, or None where there is none.

    Raises
    ------
    NoveltyIndexError
        The file that tells it cannot be read.
    """
    path = survey_folder(root, survey) / CURRENT
    try:
        name = path.read_text().strip()
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError) as error:
        raise NoveltyIndexError(
            f"{path} cannot be read ({error}): use a version again with 'sosia index use'"
        ) from error
    return _checked(name, "version")


def use(root: Path, survey: str, name: str | None) -> None:
    """Put a version to use: a new one, or an earlier one again; None for none, as before the first.

    Raises
    ------
    NoveltyIndexError
        It is not there.
    """
    folder = survey_folder(root, survey)
    if name is None:
        (folder / CURRENT).unlink(missing_ok=True)
        _sync(folder)
        return
    manifests.read(folder / _checked(name, "version"))
    handle, aside = tempfile.mkstemp(prefix=_WRITING, dir=folder)
    with os.fdopen(handle, "w") as file:
        file.write(f"{name}\n")
        file.flush()
        os.fsync(file.fileno())
    Path(aside).chmod(0o644)
    Path(aside).replace(folder / CURRENT)
    _sync(folder)


@contextmanager
def writing(root: Path, survey: str) -> Iterator[Path]:
    """Give a folder to write a version into; what is not published by then is removed.

    Raises
    ------
    NoveltyIndexError
        Another process is writing.
    """
    folder = survey_folder(root, survey)
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / ".lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise NoveltyIndexError(f"{folder}: another process is building an index there; wait for it") from error
        for left in folder.glob(f"{_WRITING}*"):
            shutil.rmtree(left) if left.is_dir() else left.unlink()
        aside = Path(tempfile.mkdtemp(prefix=_WRITING, dir=folder))
        try:
            yield aside
        finally:
            shutil.rmtree(aside, ignore_errors=True)


def publish(aside: Path, name: str) -> Path:
    """Make a written version durable and move it to its name; returns its folder."""
    for path in (*aside.rglob("*"), aside):
        _sync(path)
    aside.chmod(0o755)
    place = aside.parent / _checked(name, "version")
    if place.exists():
        raise NoveltyIndexError(f"{place} is there already")
    aside.rename(place)
    _sync(place.parent)
    return place


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _checked(name: str, what: str) -> str:
    if not _NAME.fullmatch(name):
        raise NoveltyIndexError(f"{what} {name!a} cannot be the name of a folder")
    return name
