"""Lens candidates by frequency: those that most lenses propose as look-alikes (Sasanelli et al., after ULISSE)."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from broker.cutout import Cutout
from broker.geometry import Geometry, SkyFrame
from broker.novelty.angle import directions
from broker.novelty.recall import exact_nearest
from broker.novelty.space import half_whitened
from broker.stamp_pair import Stamp, StampPair
from models.intervals import Figure, wilson
from schemas.errors import StampError, StampReason

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from broker.embedding import Embedder
    from models.lens_network import Form

#: Lenses among the candidates, lenses that are asked, and look-alikes that each proposes.
PREVALENCE, QUERIES, PROPOSED = 0.1, 100, 100
#: Candidates whose purity is told.
FIRST = (100, 200)
#: Of the lens networks, whose tests' stamps are ranked.
FORMS = ("space", "ground-ugri")


def measure(embedder: Embedder, form: str, candidates: int) -> Mapping[str, Mapping[int, Figure]]:
    """Rank frozen stamps of a lens network's test by how many lenses propose them.

    Parameters
    ----------
    embedder : Embedder
    form : str
        Of `FORMS`.
    candidates : int
        A tenth of them lenses.

    Returns
    -------
    mapping
        By how they are ranked: by how many of the first candidates: their purity.
    """
    from models.lens_network import FORMS as ALL
    from models.simulate.lenses.population import TEST
    from models.simulate.lenses.stamps import draw_stamps

    network = ALL[form]
    population = TEST[network.sky]
    # The candidates come after the numbers that the networks' own figures are of.
    queries = draw_stamps(population, QUERIES, 2_000_000, lenses=1.0)
    among = draw_stamps(population, candidates, 3_000_000, lenses=PREVALENCE)
    found = {}
    for name, features in (("the backbone", partial(_embedded, embedder)), ("the lens network", _lens_features)):
        asked, places = (features(one.images, network) for one in (queries, among))
        found[f"by frequency, features of {name}"] = _purities(_votes(asked, places), among.lens)
    found["by the lens network's own score"] = _purities(_lens_scores(among.images, network), among.lens)
    return found


def _purities(values: NDArray[np.number], lens: NDArray[np.bool_]) -> Mapping[int, Figure]:
    order = np.argsort(-values, kind="stable")
    return {first: wilson(int(lens[order[:first]].sum()), first) for first in FIRST if first <= lens.sum()}


def _votes(asked: NDArray[np.float32], places: NDArray[np.float32]) -> NDArray[np.intp]:
    """Count how many of those asked propose each place as a look-alike, by angle."""
    space = half_whitened(places)
    asked, places = (directions(space.features(one)) for one in (asked, places))
    return np.bincount(exact_nearest(asked, [places], PROPOSED).ravel(), minlength=len(places))


def _lens_scores(images: NDArray[np.floating], form: Form) -> NDArray[np.float64]:
    from models import lens_finder

    looks = lens_finder.load(form.name).look([one.astype(np.float32) for one in images], form.pixel_scale)
    return np.array([one.score for one in looks])


def _lens_features(images: NDArray[np.floating], form: Form) -> NDArray[np.float32]:
    """Return what the lens network knows of stamps before it judges them."""
    from tf_keras import Model

    from models import lens_network
    from models.batched import Batched
    from models.lens_finder import WEIGHTS, fitted

    network = WEIGHTS[form.name][0].load_into(lambda: lens_network.build(form))
    features = Batched(Model(network.input, network.get_layer(lens_network.TELLING_LAYER).input), 64)
    windows = np.stack([fitted(one.astype(np.float32), form.pixel_scale, form) for one in images])
    return features(lens_network.prepare(windows, host_free=form.host_free))


def _embedded(embedder: Embedder, images: NDArray[np.floating], form: Form) -> NDArray[np.float32]:
    """Embed one band, or the last three of more: g, r, i."""
    scale = form.pixel_scale
    frame, nothing = SkyFrame(form.side, scale), StampError(StampReason.MISSING, "only a science image")
    geometry = Geometry.plain(images.shape[-2:], scale)
    pairs = [
        StampPair(Stamp(Cutout(one[-3:].astype(np.float32), {}), geometry), nothing, frame, 2 * scale) for one in images
    ]
    found = [one.science_embedding for start in range(0, len(pairs), 256)
             for one in embedder.embed(pairs[start : start + 256])]  # fmt: skip
    assert all(one is not None for one in found)  # a simulated stamp is whole
    return np.stack([one for one in found if one is not None])
