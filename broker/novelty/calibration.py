r"""From a novelty score to a probability: how often an ordinary image scores as high.

Conformal p-values (Bates et al. 2023, arXiv 2104.08279): with scores :math:`s_1 \dots s_n` of ordinary images that are
not in the index,

.. math:: p(s) = \frac{1 + \#\{i: s_i \ge s\}}{n + 1}

is uniform or larger for every further ordinary image, whatever the score's distribution. It cannot fall below
:math:`1 / (n + 1)`: where n is less than a night's alerts, the `COUNTED` highest are continued by a generalised Pareto
distribution (fitted by probability-weighted moments, Hosking & Wallis 1987), at most `REACH` times beyond that. Its
shape is taken as no less than an exponential's and then one standard error heavier: to be wrong about the tail shall
cost power, and not false discoveries.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

#: From here on the counts alone are fine enough for a night's alerts.
NO_TAIL_NEEDED = 100_000
#: Share of the scores to which the tail is fitted, and how many it takes at least and at most.
TAIL_SHARE, TAIL_LEAST, TAIL_MOST = 0.1, 30, 250
#: As long as so many ordinary images scored as high, a p-value is their count, and the tail is not asked.
COUNTED = 10
#: A heavier tail has hardly a mean to be fitted by.
HEAVIEST = 0.9
#: How far below 1 / (n + 1) a p-value may be extrapolated.
REACH = 100.0


@dataclass(frozen=True, slots=True)
class Tail:
    """The generalised Pareto distribution of the excesses over a threshold.

    Attributes
    ----------
    threshold, scale, shape : float
    excesses : int
        How many it was fitted to.
    """

    threshold: float
    scale: float
    shape: float
    excesses: int

    def survival(self, scores: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the share of the excesses that lie above scores."""
        reduced = np.maximum(scores - self.threshold, 0.0) / self.scale
        return np.asarray((1.0 + self.shape * reduced) ** (-1.0 / self.shape))


@dataclass(frozen=True, slots=True, eq=False)
class Calibration:
    """Scores of ordinary images, frozen with the index.

    Attributes
    ----------
    scores : float64 array (n,)
        Ascending.
    tail : Tail or None
    """

    scores: NDArray[np.float64]
    tail: Tail | None

    @classmethod
    def of(cls, scores: NDArray[np.floating]) -> Calibration:
        """Calibrate by some scores, in any order."""
        ordered = np.sort(np.asarray(scores, np.float64))
        return cls(ordered, fit_tail(ordered))

    def p_values(self, scores: NDArray[np.floating]) -> NDArray[np.float64]:
        """Return p-values in (0, 1], which never rise with the score; 1 without calibration."""
        given, n = np.asarray(scores, np.float64), len(self.scores)
        higher = n - np.searchsorted(self.scores, given, side="left")
        counted = (1 + higher) / (n + 1)
        if self.tail is None:
            return np.asarray(counted)
        continued = (1 + self.tail.excesses) / (n + 1) * self.tail.survival(given)
        return np.where(higher >= COUNTED, counted, np.clip(continued, 1 / (REACH * (n + 1)), COUNTED / (n + 1)))


def fit_tail(scores: NDArray[np.float64]) -> Tail | None:
    """Fit a tail to ascending scores; None where there are too few, or enough without it."""
    n = len(scores)
    m = min(int(TAIL_SHARE * n), TAIL_MOST)
    if m < TAIL_LEAST or n >= NO_TAIL_NEEDED:
        return None
    threshold = float(scores[n - m - 1])
    excess = scores[n - m :] - threshold
    above = 1.0 - (np.arange(1, m + 1) - 0.35) / m
    first, second = float(excess.mean()), float((above * excess).mean())
    if first <= 0.0:
        return None  # the highest scores are all the same
    gap = first - 2.0 * second
    fitted = max(2.0 - first / gap, 0.0) if gap > 0.0 else 0.0
    # The shape's standard error is (1 + shape) / sqrt(m); the scale keeps the mean excess.
    shape = min(fitted + (1.0 + fitted) / m**0.5, HEAVIEST)
    return Tail(threshold, first * (1.0 - shape), shape, m)
