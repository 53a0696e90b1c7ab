"""Rows for tests of the index."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import numpy as np

from broker.annotator import Finding
from broker.embedding_record import embedding_record
from broker.novelty.annotate import Image
from broker.novelty.sighting import Identity, Population, Sighting
from tests.broker.annotations import annotation_of

if TYPE_CHECKING:
    from pathlib import Path

POPULATION = Population("ztf", "g", "science")
DIGEST = "d" * 64
FEATURES = 12


def sightings(
    objects: int, epochs: int = 2, seed: int = 0, population: Population = POPULATION, digest: str = DIGEST
) -> list[Sighting]:
    """Objects scattered over feature space and sky, with epochs scattered about each."""
    rng = np.random.default_rng(seed)
    found = []
    for number in range(objects):
        place = rng.normal(0, 3, FEATURES)
        who = Identity(f"o{seed}-{number}", float(rng.uniform(0, 360)), float(rng.uniform(-80, 80)))
        for epoch in range(epochs):
            embedding = (place + rng.normal(0, 1, FEATURES)).astype(np.float16)
            found.append(Sighting(population, who, f"e{seed}-{number}-{epoch}", 60000.0 + epoch, digest, embedding))
    return found


def row(one: Sighting) -> bytes:
    """Return what a worker publishes of it."""
    packet: Any = SimpleNamespace(
        survey=SimpleNamespace(name=one.population.survey), object_id=one.identity.object_id, epoch_id=one.epoch_id,
        band=one.population.band, mjd=one.mjd, ra=one.identity.ra, dec=one.identity.dec,
    )  # fmt: skip
    annotation = annotation_of(packet, one.digest)
    annotation = replace(annotation, epoch=replace(annotation.epoch, problematic=one.problematic))
    payload = embedding_record(Finding(annotation, one.embedding))
    assert payload is not None
    return payload


def image_of(sighting: Sighting, **changes: object) -> Image:
    """Return it as an image to be judged."""
    return Image(
        **{
            "population": sighting.population,
            "identity": sighting.identity,
            "embedding": sighting.embedding,
            "digest": sighting.digest,
            **changes,
        }
    )


def build_until_killed(root: Path) -> None:
    """Build version after version."""
    from broker.novelty.build import build
    from broker.novelty.recipe import Recipe

    seed = 0
    while True:
        seed += 1
        build(sightings(30, seed=seed), root, Recipe(axes=4))
