"""Masses and star-formation rates read off look-alikes, of simulated galaxies whose own are known."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from broker.cutout import Cutout
from broker.geometry import Geometry, SkyFrame
from broker.history.embedding_bytes import half
from broker.novelty.build import build
from broker.novelty.labels import NEIGHBOURS, Table
from broker.novelty.recipe import Recipe
from broker.novelty.sighting import Identity, Population, Sighting
from broker.novelty.versions import open_version
from broker.stamp_pair import Stamp, StampPair
from models.intervals import Figure, bootstrapped, weights, wilson
from models.simulate import known_galaxies
from schemas.errors import StampError, StampReason

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from numpy.typing import NDArray

    from broker.embedding import Embedder
    from broker.novelty.population_index import PopulationIndex
    from models.simulate.known_galaxies import KnownGalaxies

    Floats = NDArray[np.float64]

SEED = 200
#: Of the galaxies, the share that is asked about and not in the index.
ASKED = 0.2
MASS, RATE = "log M", "log SFR"
_POPULATION = Population("stamps", "gri")


@dataclass(frozen=True, slots=True)
class PropertyFigures:
    """How well one property is read off look-alikes.

    Attributes
    ----------
    name : str
        Of the estimate.
    rmse : float
        [dex].
    of_guessing : Figure
        The same over that of always guessing the mean.
    within_a_dex : Figure
        Share.
    guessed_within : Figure
        Of guessing the mean.
    """

    name: str
    rmse: float
    of_guessing: Figure
    within_a_dex: Figure
    guessed_within: Figure


def measure(built: Path, embedder: Embedder, galaxies: int) -> Iterator[PropertyFigures]:
    """Build a labelled index of most galaxies, and ask about the others."""
    rng = np.random.default_rng(SEED)
    drawn = known_galaxies.draw(rng, galaxies)
    places = _embedded(embedder, drawn, rng)
    known = round((1 - ASKED) * galaxies)
    names = [f"galaxy {number}" for number in range(galaxies)]
    truth = np.stack([drawn.mass, drawn.rate], axis=1)
    table = Table((MASS, RATE), {names[row]: truth[row].astype(np.float32) for row in range(known)})
    digest = embedder.digest(SkyFrame(known_galaxies.SIDE, known_galaxies.SCALE))
    rows = (Sighting(_POPULATION, Identity(names[row]), names[row], 60000.0, digest, places[row])
            for row in range(known))  # fmt: skip
    version = open_version(build(rows, built / "properties", Recipe(calibration_share=0.0), table))
    index = version.populations[_POPULATION.band, _POPULATION.image]
    estimated = _estimates(index, places[known:], names[known:])
    for name, values in estimated.items():
        column = 0 if name.startswith(MASS) else 1
        yield _figures(name, values, truth[known:, column], float(truth[:known, column].mean()))


def _embedded(embedder: Embedder, galaxies: KnownGalaxies, rng: np.random.Generator) -> list[NDArray[np.float16]]:
    frame = SkyFrame(known_galaxies.SIDE, known_galaxies.SCALE)
    geometry = Geometry.plain((3, frame.side, frame.side), frame.scale)
    nothing = StampError(StampReason.MISSING, "only a science image")
    places = []
    for start in range(0, len(galaxies), 256):
        images = known_galaxies.images(galaxies.part(slice(start, start + 256)), rng)
        found = embedder.embed([StampPair(Stamp(Cutout(one, {}), geometry), nothing, frame) for one in images])
        for one in found:
            assert one.science_embedding is not None  # a simulated stamp is whole
            places.append(half(one.science_embedding))
    return places


def _estimates(index: PopulationIndex, places: list[NDArray[np.float16]], names: list[str]) -> dict[str, Floats]:
    assert index.labels is not None  # built so
    nearest = index.nearest(np.stack(places), [Identity(name) for name in names], NEIGHBOURS, exact=True)
    each = [index.labels.estimates(rows) for rows in nearest.rows]
    return {one.name: np.array([these[number].value for these in each]) for number, one in enumerate(each[0])}


def _figures(name: str, values: Floats, truth: Floats, mean: float) -> PropertyFigures:
    squared, guessed = (values - truth) ** 2, (mean - truth) ** 2
    drawn = weights(len(truth))
    return PropertyFigures(
        name,
        float(np.sqrt(squared.mean())),
        bootstrapped(
            float(np.sqrt(squared.mean() / guessed.mean())), np.sqrt((drawn @ squared) / (drawn @ guessed)), len(truth)
        ),
        wilson(int((squared < 1).sum()), len(truth)),
        wilson(int((guessed < 1).sum()), len(truth)),
    )
