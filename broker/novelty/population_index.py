"""All that the index knows of one population: its space, its entries, the search, and the frozen calibration."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from broker.novelty.arrays import map_array, read_arrays
from broker.novelty.calibration import Calibration
from broker.novelty.entries import Entries
from broker.novelty.false_positives import FalsePositives
from broker.novelty.labels import Labels
from broker.novelty.look_alikes import LookAlikes, Nearest
from broker.novelty.score import novelty
from broker.novelty.space import Space
from broker.novelty.undisturbed import Undisturbed
from models.oddity_network import OddityNetwork
from schemas.errors import NoveltyIndexError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from broker.novelty.manifest import PopulationFacts
    from broker.novelty.sighting import Identity

#: Below, a p-value is made again by looking at every entry: what the graph misses would look novel.
CHECKED_BELOW = 1e-3

INDEX, SPACE, USUAL, ODDITY, UNDISTURBED, CALIBRATION, THUMBNAILS = (
    "index.usearch", "space.npz", "usual.npy", "oddity.npz", "undisturbed.npz", "calibration.npz", "thumbnails.npy"
)  # fmt: skip


@dataclass(frozen=True, slots=True, eq=False)
class Scored:
    """The novelty of n images.

    Attributes
    ----------
    scores, p_values : float64 array (n,)
        The score is infinite where the index has fewer than k look-alikes of other objects; p then is NaN, as where
        there is no calibration.
    nearest : Nearest
        At least k look-alikes each.
    """

    scores: NDArray[np.float64]
    p_values: NDArray[np.float64]
    nearest: Nearest


@dataclass(frozen=True, slots=True, eq=False)
class PopulationIndex:
    """One population.

    Attributes
    ----------
    facts : PopulationFacts
    space : Space
    look_alikes : LookAlikes
    entries : Entries
    usual : float32 array (entries,)
        Distance of each entry's own k-th neighbour; empty where the score does without.
    oddity : OddityNetwork or None
        The one that the calibration was made with, where the score asks it.
    undisturbed : Undisturbed or None
        Of the entries, where the score asks it.
    first, later : Calibration
        Of objects' first and later epochs.
    false_positives : FalsePositives
    labels : Labels or None
    thumbnails : uint8 array (entries, side, side) or None
    folder : Path
        Where further files of it lie.
    """

    facts: PopulationFacts
    space: Space
    look_alikes: LookAlikes
    entries: Entries
    usual: NDArray[np.float32]
    oddity: OddityNetwork | None
    undisturbed: Undisturbed | None
    first: Calibration
    later: Calibration
    false_positives: FalsePositives
    labels: Labels | None
    thumbnails: NDArray[np.uint8] | None
    folder: Path

    @classmethod
    def open(cls, folder: Path, facts: PopulationFacts, threads: int = 1, *, lookups: bool = False) -> PopulationIndex:
        """Map one population's files.

        Raises
        ------
        NoveltyIndexError
            They do not belong together or cannot be read.
        """
        try:
            space = Space(facts.space, **read_arrays(folder / SPACE))
            calibration = read_arrays(folder / CALIBRATION)
            thumbnails = folder / THUMBNAILS
            index = cls(
                facts,
                space,
                LookAlikes.open(folder / INDEX, threads, lookups=lookups),
                Entries.open(folder),
                map_array(folder / USUAL, np.float32),
                OddityNetwork.open(folder / ODDITY) if facts.score == "odd" else None,
                Undisturbed.open(folder / UNDISTURBED) if facts.score == "disturbed" else None,
                Calibration.of(calibration["first"]),
                Calibration.of(calibration["later"]),
                FalsePositives.open(folder),
                Labels.open(folder),
                map_array(thumbnails, np.uint8, axes=3) if thumbnails.is_file() else None,
                folder,
            )
        except Exception as error:  # a boundary: on damaged files numpy and usearch raise nearly anything
            raise NoveltyIndexError(f"{folder} cannot be opened: {error}; build the version again") from error
        sizes = {len(index.look_alikes), len(index.entries), facts.entries}
        sizes |= {len(one) for one in (index.usual, index.thumbnails, index.labels) if one is not None and len(one)}
        if len(sizes) > 1 or index.look_alikes.dimensions != space.dimensions or len(space.mean) != len(space.axes):
            raise NoveltyIndexError(f"{folder}: its files do not belong together; build the version again")
        return index

    def nearest(
        self, embeddings: NDArray[np.floating], who: Sequence[Identity], count: int, *, exact: bool = False
    ) -> Nearest:
        """Find look-alikes of some images (n, d) among other objects' images."""
        own = [self.entries.own(one) for one in who]
        return self.look_alikes.nearest(self.space.features(embeddings), own, count, exact=exact)

    def score(
        self,
        embeddings: NDArray[np.floating],
        who: Sequence[Identity],
        first: NDArray[np.bool_],
        count: int = 0,
        *,
        exact: bool = False,
        disturbances: NDArray[np.floating] | None = None,
    ) -> Scored:
        """Score the novelty of some images.

        Parameters
        ----------
        embeddings : array (n, d)
        who : sequence of Identity
            Whose images they are.
        first : bool array (n,)
            Whether each is its object's first.
        count : int
            Look-alikes wanted of each, where they are more than k.
        exact : bool
            Look at every entry from the start.
        disturbances : array (n, measures), optional
            Of pictures; where the score asks it, it is NaN without.

        Returns
        -------
        Scored
            Where p comes out below `CHECKED_BELOW`, by looking at every entry.
        """
        own = [self.entries.own(one) for one in who]
        features = self.space.features(embeddings)
        count = max(count, self.facts.k)
        nearest = self.look_alikes.nearest(features, own, count, exact=exact)
        itself = self._itself(embeddings, disturbances)
        scores, p = self._judged(nearest, first, itself)
        low = np.flatnonzero((p < CHECKED_BELOW) & (not exact))
        if len(low):
            checked = self.look_alikes.nearest(features[low], [own[one] for one in low], count, exact=True)
            nearest.rows[low], nearest.distances[low] = checked.rows, checked.distances
            scores[low], p[low] = self._judged(checked, first[low], None if itself is None else itself[low])
        return Scored(scores, p, nearest)

    def _itself(
        self, embeddings: NDArray[np.floating], disturbances: NDArray[np.floating] | None
    ) -> NDArray[np.float64] | None:
        """Return what the images tell without look-alikes, where the score asks it."""
        if self.undisturbed is None:
            return None if self.oddity is None else self.oddity.log_odds(embeddings)
        return np.full(len(embeddings), np.nan) if disturbances is None else self.undisturbed.score(disturbances)

    def _judged(
        self, nearest: Nearest, first: NDArray[np.bool_], itself: NDArray[np.float64] | None
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        scores = novelty(self.facts.score, nearest, self.facts.k, self.usual, itself)
        p = np.where(first, self.first.p_values(scores), self.later.p_values(scores))
        calibrated = np.where(first, len(self.first.scores), len(self.later.scores)) > 0
        return scores, np.where(np.isfinite(scores) & calibrated, p, np.nan)
