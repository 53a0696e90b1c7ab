"""A novelty index of as many entries as wanted: made-up objects in between those of the load.

What a search costs goes by how many entries there are and how they crowd, so that noise alone would be too easy: each
entry lies between two real embeddings, and a little beside.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

import numpy as np

from broker.novelty.build import build
from broker.novelty.recipe import Recipe
from broker.novelty.sighting import Identity, Population, Sighting

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from broker.annotator import Finding

#: Of an entry beside the line between two [the embeddings' scatter].
BESIDE = 0.3
#: Of the entries, to calibrate the scores by: their true p-values do not matter here.
CALIBRATING = 0.02
#: What building may take [bytes]: with less, entries would be left out.
MEMORY = 8_000_000_000


def build_crowd(findings: Sequence[Finding], entries: int, root: Path, threads: int) -> None:
    """Build a version for each survey of some annotated alerts; `entries` are all of them together."""
    embedded = [finding for finding in findings if finding.embedding is not None]
    by_survey: dict[str, list[Finding]] = defaultdict(list)
    for finding in embedded:
        by_survey[finding.annotation.survey].append(finding)
    recipe = Recipe(calibration_share=CALIBRATING, near_duplicate=0.0, memory=MEMORY, threads=threads)
    for own in by_survey.values():
        build(_sightings(own, round(entries * len(own) / len(embedded))), root, recipe)


def _sightings(findings: Sequence[Finding], entries: int) -> Iterator[Sighting]:
    rng = np.random.default_rng(0)
    places = np.stack([finding.embedding for finding in findings if finding.embedding is not None]).astype(np.float32)
    scatter = BESIDE * places.std(axis=0)
    for number in range(entries):
        this, other = rng.integers(len(findings), size=2)
        annotation = findings[this].annotation
        share = rng.random(dtype=np.float32)
        noise = scatter * rng.standard_normal(places.shape[1], dtype=np.float32)
        yield Sighting(
            Population(annotation.survey, annotation.band or ""),
            Identity(f"crowd-{number}"),
            f"crowd-{number}",
            annotation.mjd,
            annotation.backbone.digest,
            (share * places[this] + (1 - share) * places[other] + noise).astype(np.float16),
            problematic=False,
        )
