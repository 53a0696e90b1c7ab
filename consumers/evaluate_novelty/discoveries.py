"""Nights with one novelty in a thousand: which share of what Benjamini & Hochberg's procedure announces is none."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from broker.cutout import Cutout
from broker.geometry import Geometry, SkyFrame
from broker.novelty.build import build
from broker.novelty.calibration import Calibration
from broker.novelty.recipe import Recipe
from broker.novelty.sighting import Identity, Population, Sighting
from broker.novelty.versions import open_version
from broker.stamp_pair import Stamp, StampPair
from consumers.evaluate_novelty.embedded_fields import embed, shards, shown
from consumers.evaluate_novelty.fields import CELLS, SCALE, SIDE, draw, ordinary
from consumers.evaluate_novelty.novelties import KINDS, VISIBLE, painted
from consumers.evaluate_novelty.private_memory import growth
from models.intervals import Figure, bootstrapped, weights, wilson
from schemas.errors import StampError, StampReason

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from numpy.typing import NDArray

    from broker.embedding import Embedder
    from broker.novelty.population_index import PopulationIndex

#: Of the stamps: ordinary ones, and those that novelties are painted into.
SEED, NOVEL_SEED = 100, 101
#: Level of the false-discovery rate, nights, alerts of a night, and novelties among them.
LEVEL, NIGHTS, ALERTS, NOVEL = 0.1, 200, 10_000, 10
NOVEL_POOL = 2048
#: Images that a process is asked about while its memory is measured.
ASKED = 256
#: A novelty is visible where so many pixels, ten times the point spread function's area, change by so much of the range
#: from black to white, as the network is shown them.
VISIBLE_CHANGE, VISIBLE_PIXELS = 0.2, 40
#: Beyond, the draws begin that the oddity network was trained on.
MOST = 1600 * CELLS
#: Shares of the stamps.
INDEXED, CALIBRATING = 0.12, 0.4
_POPULATION = Population("ztf", "r")


@dataclass(frozen=True, slots=True)
class DiscoveryFigures:
    """Means over nights: the false share of what is announced, and the share of the novelties that is.

    Attributes
    ----------
    false_share, power : Figure
        With the calibration that is frozen with the index.
    false_share_anew, power_anew : Figure
        With as many other scores calibrating each night: what the procedure is proved for is their mean.
    power_by_kind : dict
        Share of each kind's novelties whose p-value is below the median night's threshold.
    visible_by_kind : dict
        Share of what was painted of each kind that is visible; the rest is not asked about.
    entries, calibrating, held_out, novel : int
    private_growth : float
        Of a process's memory that no file backs, with this index opened and asked [bytes].
    """

    false_share: Figure
    power: Figure
    false_share_anew: Figure
    power_anew: Figure
    power_by_kind: dict[str, Figure]
    visible_by_kind: dict[str, Figure]
    entries: int
    calibrating: int
    held_out: int
    novel: int
    private_growth: float


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
        Distinct ones, of which the ordinary ones are kept: of these the shares `INDEXED` and `CALIBRATING` are indexed
        and calibrate, and of the others nights are drawn.
    """
    every = _ordinary(folder, embedder, min(stamps, MOST))
    known, held_out = np.split(every, [round((INDEXED + CALIBRATING) * len(every))])
    digest = embedder.digest(SkyFrame(SIDE, SCALE))
    recipe = Recipe(calibration_share=CALIBRATING / (INDEXED + CALIBRATING), near_duplicate=0.0, memory=20_000_000_000)
    version = open_version(build(_sightings(known, digest), built / "nights", recipe))
    index = version.populations[_POPULATION.band, _POPULATION.image]
    novel, kinds, visible = novelties(embedder, NOVEL_POOL)
    usual, strange = scores(index, held_out), scores(index, novel)
    frozen, limit = _nights(usual, strange, lambda _: index.first)
    outside = np.concatenate([index.first.scores, usual])

    def anew(rng: np.random.Generator) -> Calibration:
        return Calibration.of(rng.choice(outside, len(index.first.scores), replace=False))

    drawn_anew, _ = _nights(usual, strange, anew)
    found = index.first.p_values(strange) <= limit
    return DiscoveryFigures(
        *frozen,
        *drawn_anew,
        {kind: wilson(int(found[kinds == kind].sum()), int((kinds == kind).sum())) for kind in KINDS},
        visible,
        len(index.entries),
        len(index.first.scores),
        len(usual),
        len(strange),
        growth(version.folder, held_out[:ASKED]),
    )


def _ordinary(folder: Path, embedder: Embedder, stamps: int) -> NDArray[np.float16]:
    """Return embeddings of ordinary stamps."""
    places = np.concatenate(list(shards(folder, embedder, SEED, stamps)))
    good = np.concatenate([ordinary(SEED, number) for number in range(-(-stamps // CELLS))])[:stamps]
    return np.asarray(places[good & np.isfinite(places).all(axis=1)], np.float16)


def _nights(
    usual: NDArray[np.float64],
    strange: NDArray[np.float64],
    calibration: Callable[[np.random.Generator], Calibration],
) -> tuple[tuple[Figure, Figure], float]:
    """Draw nights; return the false share and the power, and the median night's largest p-value announced."""
    rng = np.random.default_rng(0)
    false_shares, powers, limits = np.zeros(NIGHTS), np.zeros(NIGHTS), np.zeros(NIGHTS)
    for night in range(NIGHTS):
        seen = np.concatenate(
            [rng.choice(usual, ALERTS - NOVEL, replace=False), rng.choice(strange, NOVEL, replace=False)]
        )
        p = calibration(rng).p_values(seen)
        announced = benjamini_hochberg(p, LEVEL)
        false_shares[night] = announced[:-NOVEL].sum() / max(announced.sum(), 1)
        powers[night] = announced[-NOVEL:].mean()
        limits[night] = p[announced].max(initial=0.0)
    return (_mean(false_shares), _mean(powers)), float(np.median(limits))


def benjamini_hochberg(p_values: NDArray[np.float64], level: float) -> NDArray[np.bool_]:
    """Tell which hypotheses are rejected (Benjamini & Hochberg 1995)."""
    ordered = np.sort(p_values)
    passing = np.flatnonzero(ordered <= level * np.arange(1, len(ordered) + 1) / len(ordered))
    return p_values <= (ordered[passing[-1]] if len(passing) else -1.0)


def novelties(embedder: Embedder, count: int) -> tuple[NDArray[np.float16], NDArray[np.str_], dict[str, Figure]]:
    """Embed stamps with visible novelties painted in, as many of each kind; return kinds, and how many were visible."""
    rng = np.random.default_rng(NOVEL_SEED)
    nothing = StampError(StampReason.MISSING, "only a science image")
    geometry, frame = Geometry.plain((SIDE, SIDE), SCALE), SkyFrame(SIDE, SCALE)
    found: dict[str, list[NDArray[np.float16]]] = {kind: [] for kind in KINDS}
    seen, tried = dict.fromkeys(KINDS, 0), dict.fromkeys(KINDS, 0)
    number = 0
    while min(seen.values()) < count // len(KINDS):
        kind = min(KINDS, key=lambda one: seen[one])
        before = draw(NOVEL_SEED, number)
        after = []
        for stamp in before:
            pair = StampPair(Stamp(Cutout(stamp, {}), geometry), nothing, frame, 2.0 * SCALE)
            science = painted(pair, kind, rng, VISIBLE).science
            assert isinstance(science, Stamp)  # as it was before
            after.append(science.cutout.image)
        changed = np.abs(shown(np.stack(after)) - shown(before)) > VISIBLE_CHANGE
        visible = changed.sum(axis=(1, 2, 3)) >= VISIBLE_PIXELS
        found[kind].append(embed(embedder, np.stack(after)[visible]))
        seen[kind] += int(visible.sum())
        tried[kind] += len(visible)
        number += 1
    each = min(seen.values())
    places = [np.concatenate(found[kind])[:each] for kind in KINDS]
    shares = {kind: wilson(seen[kind], tried[kind]) for kind in KINDS}
    return np.concatenate(places), np.repeat(np.array(KINDS), each), shares


def scores(index: PopulationIndex, embeddings: NDArray[np.float16]) -> NDArray[np.float64]:
    """Score as a worker does, batch by batch; every stamp is of an object of its own."""
    found = []
    for start in range(0, len(embeddings), 2048):
        batch = embeddings[start : start + 2048]
        who = [Identity(f"asked {start + number}") for number in range(len(batch))]
        found.append(index.score(batch, who, np.ones(len(batch), np.bool_)).scores)
    return np.concatenate(found)


def _sightings(embeddings: NDArray[np.float16], digest: str) -> Iterator[Sighting]:
    for number, embedding in enumerate(embeddings):
        yield Sighting(_POPULATION, Identity(f"o{number}"), f"e{number}", 60000.0, digest, embedding)


def _mean(values: NDArray[np.float64]) -> Figure:
    return bootstrapped(float(values.mean()), weights(len(values)) @ values / len(values), len(values))
