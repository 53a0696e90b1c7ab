"""Lens candidates by frequency: those that most lenses propose as look-alikes (Sasanelli et al., after ULISSE)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from broker.cutout import Cutout
from broker.geometry import Geometry, SkyFrame
from broker.novelty.recall import exact_nearest
from broker.novelty.space import half_whitened
from broker.stamp_pair import Stamp, StampPair
from models.intervals import Figure, wilson
from schemas.errors import StampError, StampReason

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from broker.embedding import Embedder

#: Lenses among the candidates, lenses that are asked, and look-alikes that each proposes.
PREVALENCE, QUERIES, PROPOSED = 0.1, 100, 100
#: Candidates whose purity is told.
FIRST = (100, 200)
_SIDE = 64


def measure(embedder: Embedder, candidates: int) -> Mapping[int, Figure]:
    """Rank frozen stamps of the lens networks' space test by how many lenses propose them.

    Parameters
    ----------
    embedder : Embedder
    candidates : int
        A tenth of them lenses.

    Returns
    -------
    mapping
        By how many of the first candidates: their purity.
    """
    from models.simulate.lenses.population import TEST
    from models.simulate.lenses.stamps import draw_stamps

    # The candidates come after the numbers that the networks' own figures are of.
    queries = draw_stamps(TEST["space"], QUERIES, 2_000_000, lenses=1.0)
    among = draw_stamps(TEST["space"], candidates, 3_000_000, lenses=PREVALENCE)
    scale = TEST["space"].camera.pixel_scale
    asked, places = (_embedded(embedder, one.images, scale) for one in (queries, among))
    space = half_whitened(places)
    votes = np.bincount(
        exact_nearest(space.features(asked), [space.features(places)], PROPOSED).ravel(), minlength=candidates
    )
    order = np.argsort(-votes, kind="stable")
    return {first: wilson(int(among.lens[order[:first]].sum()), first) for first in FIRST if first <= among.lens.sum()}


def _embedded(embedder: Embedder, images: NDArray[np.floating], scale: float) -> NDArray[np.float32]:
    frame, nothing = SkyFrame(_SIDE, scale), StampError(StampReason.MISSING, "only a science image")
    geometry = Geometry.plain(images.shape[-2:], scale)
    pairs = [
        StampPair(Stamp(Cutout(one.astype(np.float32), {}), geometry), nothing, frame, 2 * scale) for one in images
    ]
    found = [one.science_embedding for start in range(0, len(pairs), 256)
             for one in embedder.embed(pairs[start : start + 256])]  # fmt: skip
    assert all(one is not None for one in found)  # a simulated stamp is whole
    return np.stack([one for one in found if one is not None])
