"""How well a score ranks the bad above the good, and whether one ranks better than another on the same epochs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from models.intervals import Figure, bootstrapped, weights

if TYPE_CHECKING:
    from numpy.typing import NDArray


@dataclass(frozen=True, slots=True, eq=False)
class Ranking:
    r"""A score's comparisons of bad with good epochs, object by object.

    With weights :math:`w_i` of the objects, the area under the receiver operating characteristic is

    .. math::

        \frac{\sum_{ij} w_i w_j W_{ij}}{\sum_i w_i B_i \sum_j w_j G_j},

    where :math:`W_{ij}` counts the pairs of a bad epoch of object i and a good one of object j that the score ranks
    rightly, a tie as one half (the Mann-Whitney statistic). A bootstrap over objects is a change of the weights.

    Attributes
    ----------
    wins : array (objects, objects)
    bad, good : arrays (objects,)
        How many epochs of each.
    """

    wins: NDArray[np.float64]
    bad: NDArray[np.float64]
    good: NDArray[np.float64]

    @classmethod
    def of(cls, scores: NDArray[np.float64], bad: NDArray[np.bool_], objects: NDArray[np.int64]) -> Ranking:
        """Compare epochs.

        Parameters
        ----------
        scores : array (n,)
            Higher is worse; may be infinite, never NaN.
        bad : bool array (n,)
        objects : int array (n,)
            Which object each epoch is of: 0 to K - 1, as for every ranking that this one is compared with.
        """
        count = int(objects.max()) + 1 if len(objects) else 0
        wins = np.zeros((count, count))
        good_scores, good_objects = scores[~bad], objects[~bad]
        for one in np.unique(objects[bad]):
            worse = np.sort(scores[bad & (objects == one)])
            not_above, below = (np.searchsorted(worse, good_scores, side) for side in ("right", "left"))
            rightly = len(worse) - 0.5 * (not_above + below)
            wins[one] = np.bincount(good_objects, rightly, minlength=count)
        counts = (np.bincount(objects[which], minlength=count).astype(np.float64) for which in (bad, ~bad))
        return cls(wins, *counts)

    def auroc(self, drawn: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the area (draws,) for weights (draws, objects); NaN where a draw has no bad or no good epoch."""
        with np.errstate(invalid="ignore"):
            area: NDArray[np.float64] = ((drawn @ self.wins) * drawn).sum(axis=1) / (
                (drawn @ self.bad) * (drawn @ self.good)
            )
        return area


def auroc(scores: NDArray[np.float64], bad: NDArray[np.bool_], objects: NDArray[np.int64]) -> Figure:
    """Measure the area under the curve, with an interval from a bootstrap over objects; see `Ranking.of`."""
    return auroc_difference(scores, None, bad, objects)


def auroc_difference(
    scores: NDArray[np.float64],
    others: NDArray[np.float64] | None,
    bad: NDArray[np.bool_],
    objects: NDArray[np.int64],
) -> Figure:
    """Measure how much larger one score's area is than another's, on the same resamples of the same epochs.

    Parameters
    ----------
    scores, others : arrays (n,)
        Higher is worse.
    bad : bool array (n,)
    objects : int array (n,)
        Which object each epoch is of.

    Returns
    -------
    Figure
        NaN where there is no bad or no good epoch.
    """
    _, place = np.unique(objects, return_inverse=True)
    count = len(np.unique(place))
    drawn = np.concatenate([np.ones((1, count)), weights(count)]) if count else np.ones((1, 0))
    areas = Ranking.of(scores, bad, place).auroc(drawn)
    if others is not None:
        areas = areas - Ranking.of(others, bad, place).auroc(drawn)
    return bootstrapped(areas[0], areas[1:], len(scores))
