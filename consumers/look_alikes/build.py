"""Builds a version of the index from files."""

from __future__ import annotations

from typing import TYPE_CHECKING

from broker.novelty import build as index
from broker.novelty.labels import read_table
from broker.novelty.versions import open_version
from schemas.errors import NoveltyIndexError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

    from broker.novelty.recipe import Recipe
    from broker.novelty.sighting import Sighting
    from broker.novelty.versions import Version
    from consumers.look_alikes.sightings import FileReader, Seen


def build_from_files(
    paths: Sequence[Path], output: Path, reader: FileReader, recipe: Recipe, labels: Path | None = None
) -> tuple[Version, list[Seen]]:
    """Build a version of one survey's index, and put it to use.

    Parameters
    ----------
    paths : sequence of Path
        Alerts, pictures or rows of ``sosia.embeddings.v1``; folders with everything below them.
    output : Path
        Folder of indexes.
    reader : FileReader
    recipe : Recipe
    labels : Path, optional
        A CSV table; see `broker.novelty.labels.read_table`.

    Returns
    -------
    Version
    list of Seen
        What could not be read.

    Raises
    ------
    NoveltyIndexError
        The files hold more than one survey's images, or too few.
    """
    table = None if labels is None else read_table(labels)
    unreadable: list[Seen] = []
    folder = index.build(_readable(reader.read(paths), unreadable), output, recipe, table)
    return open_version(folder), unreadable


def _readable(every: Iterable[Seen], unreadable: list[Seen]) -> Iterator[Sighting]:
    survey = None
    for one in every:
        if one.sighting is None:
            unreadable.append(one)
            continue
        survey = survey or one.sighting.population.survey
        if one.sighting.population.survey != survey:
            raise NoveltyIndexError(
                f"the files hold alerts of {survey} and of {one.sighting.population.survey}: build one index of each, "
                "with --survey"
            )
        yield one.sighting
