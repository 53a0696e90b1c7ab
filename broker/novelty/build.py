"""Build a version of a survey's index from rows, and put it to use."""

from __future__ import annotations

import hashlib
import shutil
from datetime import UTC, datetime
from itertools import count
from typing import TYPE_CHECKING

from broker.novelty import manifest as manifests
from broker.novelty.build_population import build_population, row_bytes
from broker.novelty.feedback import Feedback, save_ranking
from broker.novelty.labels import save_labels
from broker.novelty.manifest import FILE, FORMAT, Manifest
from broker.novelty.spool import Spool
from broker.novelty.versions import current, publish, survey_folder, use, writing
from schemas.errors import NoveltyIndexError

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from broker.novelty.labels import Table
    from broker.novelty.population_index import PopulationIndex
    from broker.novelty.recipe import Recipe
    from broker.novelty.sighting import Population, Sighting
    from broker.novelty.spool import Spooled

#: A population of fewer objects with good images is left out.
FEWEST_OBJECTS = 10
#: Bands and kinds of image that a version has; a band's name is text from packets, and each takes memory and files.
MOST_POPULATIONS = 256


def build(sightings: Iterable[Sighting], root: Path, recipe: Recipe, labels: Table | None = None) -> Path:
    """Build a version, and put it to use.

    Parameters
    ----------
    sightings : iterable of Sighting
        Of one survey and one backbone, in any order; each is looked at once.
    root : Path
        Folder of indexes.
    recipe : Recipe
    labels : Table, optional
        What is known of some objects.

    Returns
    -------
    Path
        The version's folder.

    Raises
    ------
    NoveltyIndexError
        The rows do not belong together, or are too few.
    """
    rows = iter(sightings)
    first = next(rows, None)
    if first is None:
        raise NoveltyIndexError("no rows to build an index from")
    survey = first.population.survey
    feedback = Feedback.read(survey_folder(root, survey))
    with writing(root, survey) as aside:
        spools = aside / "spools"
        spooled = _spool(first, rows, spools, recipe, feedback)
        built = []
        for number, population in enumerate(sorted(spooled)):
            index = build_population(spooled[population], aside / str(number), recipe, labels)
            save_ranking(index, spooled[population], feedback)
            if labels is not None:
                save_labels(index, labels)
            built.append(index)
        shutil.rmtree(spools)
        return _finished(aside, root, first, built)


def _spool(
    first: Sighting, rest: Iterable[Sighting], folder: Path, recipe: Recipe, feedback: Feedback
) -> dict[Population, Spooled]:
    """Take in all rows; what people called artefacts counts as problematic. Of too many populations the smallest go."""
    spools: dict[Population, Spool] = {}
    numbers = count()
    most_rows = max(recipe.memory // row_bytes(recipe, first.embedding.size), FEWEST_OBJECTS)
    for sighting in _checked(first, rest):
        population = sighting.population
        if population not in spools:
            if len(spools) == MOST_POPULATIONS:
                del spools[min(spools, key=lambda one: len(spools[one]))]
            spools[population] = Spool(folder / str(next(numbers)), most_rows)
        spools[population].add(feedback.without_artefacts(sighting))
    spooled = {population: spool.done() for population, spool in spools.items()}
    enough = {population: rows for population, rows in spooled.items() if rows.good_objects() >= FEWEST_OBJECTS}
    if not enough:
        raise NoveltyIndexError(f"no band has good images of {FEWEST_OBJECTS} objects: too few for an index")
    return enough


def _checked(first: Sighting, rest: Iterable[Sighting]) -> Iterable[Sighting]:
    yield first
    for sighting in rest:
        if (sighting.population.survey, sighting.digest) != (first.population.survey, first.digest):
            raise NoveltyIndexError(
                f"rows of {first.population.survey}, backbone {first.digest[:12]}, and of "
                f"{sighting.population.survey}, backbone {sighting.digest[:12]}, do not go into one index"
            )
        yield sighting


def _finished(aside: Path, root: Path, first: Sighting, built: list[PopulationIndex]) -> Path:
    files = manifests.facts_of(aside)
    content = hashlib.sha256("".join(facts.sha256 for facts in files.values()).encode()).hexdigest()
    now = datetime.now(UTC)
    survey = first.population.survey
    manifest = Manifest(
        format=FORMAT,
        version=f"{now:%Y%m%dT%H%M%SZ}-{content[:8]}",
        survey=survey,
        digest=first.digest,
        created=now,
        previous=current(root, survey),
        populations=tuple(index.facts for index in built),
        files=files,
    )
    (aside / FILE).write_bytes(manifests.to_json(manifest))
    folder = publish(aside, manifest.version)
    use(root, survey, manifest.version)
    return folder
