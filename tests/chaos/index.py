"""Versions of a novelty index that nobody is judged by: what is tested is that workers take them, or go on without."""

from __future__ import annotations

from typing import TYPE_CHECKING

from broker.novelty.build import build
from broker.novelty.recipe import Recipe
from broker.novelty.versions import current
from consumers.index.announcement import Announcement, announce
from consumers.index.store import sha256_of_manifest, upload
from tests.broker.novelty.rows import DIGEST, POPULATION, sightings

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

#: By survey, what the index's vectors are said to come from.
DIGESTS = {POPULATION.survey: DIGEST}


def new_version(config: Mapping[str, str], folder: Path, seed: int) -> str:
    """Build a version, store and announce it; returns its name."""
    built = build(sightings(60, seed=seed), folder / "built", Recipe(axes=4))
    uri = upload(built, f"file://{folder / 'store'}")
    manifest, sha256 = sha256_of_manifest(uri)
    announce(config, Announcement.of(manifest, uri, sha256))
    return manifest.version


def version_in_use(cache: Path) -> str | None:
    """The version that a worker judges by."""
    return current(cache, POPULATION.survey)
