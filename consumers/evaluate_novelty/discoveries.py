"""Nights with one novelty in a thousand: which share of what Benjamini & Hochberg's procedure announces is none."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from broker.cutout import Cutout
from broker.geometry import Geometry, SkyFrame
from broker.novelty.build import build
from broker.novelty.recipe import Recipe
from broker.novelty.sighting import Identity, Population, Sighting
from broker.novelty.versions import open_version
from broker.stamp_pair import Stamp, StampPair
from consumers.evaluate_novelty.embedded_fields import embed, shards
from consumers.evaluate_novelty.fields import CELLS, SCALE, SIDE, draw
from consumers.evaluate_novelty.novelties import KINDS, painted
from models.intervals import Figure, bootstrapped, weights
from schemas.errors import StampError, StampReason

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from numpy.typing import NDArray

    from broker.embedding import Embedder
    from broker.novelty.population_index import PopulationIndex

#: Of the stamps: ordinary ones, and those that novelties are painted into.
SEED, NOVEL_SEED = 100, 101
#: Level of the false-discovery rate, nights, alerts of a night, and novelties among them.
LEVEL, NIGHTS, ALERTS, NOVEL = 0.1, 200, 10_000, 10
NOVEL_POOL = 1024
_POPULATION = Population("ztf", "r")


@dataclass(frozen=True, slots=True)
class DiscoveryFigures:
    """Means over nights: the false share of what is announced, and the share of the novelties that is.

    Attributes
    ----------
    false_share, power : Figure
    power_by_kind : dict
        Share of each kind's novelties whose p-value is below the median night's threshold.
    entries, calibrating, held_out, novel : int
    """

    false_share: Figure
    power: Figure
    power_by_kind: dict[str, float]
    entries: int
    calibrating: int
    held_out: int
    novel: int


def measure(folder: Path, built: Path, embedder: Embedder, stamps: int) -> DiscoveryFigures:
    """Simulate nights.

    Parameters
    ----------
    folder : Path
        Where embeddings are kept.
    built : Path
        Where the index is built.
    embedder : Embedder
    stamps : int
        Distinct ordinary ones: a third is indexed, a third calibrates, and of a third nights are drawn.
    """
    ordinary = np.concatenate(list(shards(folder, embedder, SEED, stamps)))
    known, held_out = np.split(ordinary, [2 * stamps // 3])
    digest = embedder.digest(SkyFrame(SIDE, SCALE))
    recipe = Recipe(calibration_share=0.5, near_duplicate=0.0, memory=20_000_000_000)
    version = open_version(build(_sightings(known, digest), built / "nights", recipe))
    index = version.populations[_POPULATION.band, _POPULATION.image]
    novel, kinds = novelties(embedder, NOVEL_POOL)
    usual, strange = p_values(index, held_out), p_values(index, novel)
    rng = np.random.default_rng(0)
    false_shares, powers, limits = np.zeros(NIGHTS), np.zeros(NIGHTS), np.zeros(NIGHTS)
    for night in range(NIGHTS):
        p = np.concatenate(
            [rng.choice(usual, ALERTS - NOVEL, replace=False), rng.choice(strange, NOVEL, replace=False)]
        )
        announced = benjamini_hochberg(p, LEVEL)
        false_shares[night] = announced[:-NOVEL].sum() / max(announced.sum(), 1)
        powers[night] = announced[-NOVEL:].mean()
        limits[night] = p[announced].max(initial=0.0)
    return DiscoveryFigures(
        _mean(false_shares),
        _mean(powers),
        {kind: float(np.mean(strange[kinds == kind] <= np.median(limits))) for kind in KINDS},
        len(index.entries),
        len(index.first.scores),
        len(usual),
        len(strange),
    )


def benjamini_hochberg(p_values: NDArray[np.float64], level: float) -> NDArray[np.bool_]:
    """Tell which hypotheses are rejected (Benjamini & Hochberg 1995)."""
    ordered = np.sort(p_values)
    passing = np.flatnonzero(ordered <= level * np.arange(1, len(ordered) + 1) / len(ordered))
    return p_values <= (ordered[passing[-1]] if len(passing) else -1.0)


def novelties(embedder: Embedder, count: int) -> tuple[NDArray[np.float16], NDArray[np.str_]]:
    """Embed stamps with novelties painted in; return their kinds too."""
    rng = np.random.default_rng(NOVEL_SEED)
    kinds = np.array([KINDS[number % len(KINDS)] for number in range(count)])
    nothing = StampError(StampReason.MISSING, "only a science image")
    geometry, frame = Geometry.plain((SIDE, SIDE), SCALE), SkyFrame(SIDE, SCALE)
    places = []
    for number in range(-(-count // CELLS)):
        images = []
        for stamp, kind in zip(draw(NOVEL_SEED, number), kinds[number * CELLS :], strict=False):
            pair = painted(StampPair(Stamp(Cutout(stamp, {}), geometry), nothing, frame, 2.0 * SCALE), str(kind), rng)
            assert isinstance(pair.science, Stamp)  # as it was before
            images.append(pair.science.cutout.image)
        places.append(embed(embedder, np.stack(images)))
    return np.concatenate(places), kinds


def p_values(index: PopulationIndex, embeddings: NDArray[np.float16]) -> NDArray[np.float64]:
    """Score as a worker does, batch by batch; every stamp is of an object of its own."""
    found = []
    for start in range(0, len(embeddings), 2048):
        batch = embeddings[start : start + 2048]
        batch = batch[np.isfinite(batch).all(axis=1)]
        who = [Identity(f"asked {start + number}") for number in range(len(batch))]
        found.append(index.score(batch, who, np.ones(len(batch), np.bool_)).p_values)
    return np.concatenate(found)


def _sightings(embeddings: NDArray[np.float16], digest: str) -> Iterator[Sighting]:
    for number, embedding in enumerate(embeddings):
        yield Sighting(_POPULATION, Identity(f"o{number}"), f"e{number}", 60000.0, digest, embedding)


def _mean(values: NDArray[np.float64]) -> Figure:
    return bootstrapped(float(values.mean()), weights(len(values)) @ values / len(values), len(values))
