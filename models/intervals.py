"""How sure a measured number is: Wilson's interval for a share, the bootstrap for everything else."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

RESAMPLES = 1000
SEED = 20120
#: Of a normal distribution: half of the central 95 %.
Z95 = 1.959964


@dataclass(frozen=True, slots=True)
class Figure:
    """One measured number.

    Attributes
    ----------
    value : float
        NaN where there was nothing to measure.
    low, high : float
        Bounds of its central 95 %.
    n : int
        What it stands on: epochs, images, pairs or queries.
    """

    value: float
    low: float
    high: float
    n: int

    def __str__(self) -> str:
        return f"{self.value:.3f} ({self.low:.3f} to {self.high:.3f}; n = {self.n})"


def wilson(hits: int, n: int) -> Figure:
    """Return a share and its interval (Wilson 1927, J. Am. Stat. Assoc. 22, 209), which holds for 0 of n as well.

    Parameters
    ----------
    hits, n : int
        0 <= hits <= n; of nothing the share is NaN, and may be anything.
    """
    if n == 0:
        return Figure(float("nan"), 0.0, 1.0, 0)
    share, z2 = hits / n, Z95**2 / n
    middle, half = share + z2 / 2, np.sqrt(share * (1 - share) * z2 + z2**2 / 4)
    low, high = (float((middle + side * half) / (1 + z2)) for side in (-1, 1))
    # Rounding leaves 0 of n and n of n a hair away from the ends.
    return Figure(share, 0.0 if hits == 0 else low, 1.0 if hits == n else high, n)


def draws(n: int) -> NDArray[np.int64]:
    """Draw n of n with replacement, `RESAMPLES` times (RESAMPLES, n); the same ones for the same n."""
    return np.random.default_rng(SEED).integers(0, n, (RESAMPLES, n))


def weights(n: int) -> NDArray[np.float64]:
    """Count how often each of n objects is in each of the `draws` (RESAMPLES, n)."""
    drawn = draws(n) + n * np.arange(RESAMPLES)[:, None]
    return np.bincount(drawn.ravel(), minlength=RESAMPLES * n).reshape(RESAMPLES, n).astype(np.float64)


def bootstrapped(value: float, resampled: NDArray[np.float64], n: int) -> Figure:
    """Return a number with the central 95 % of what its resamples gave; those without a value are left out."""
    known = resampled[np.isfinite(resampled)]
    low, high = np.quantile(known, (0.025, 0.975)) if len(known) else (np.nan, np.nan)
    return Figure(float(value), float(low), float(high), n)


def share(hits: ArrayLike, objects: ArrayLike) -> Figure:
    """Return the share of epochs that were hit, and its interval.

    Epochs of one object are hit together more often than by chance, which Wilson's interval does not know; the
    bootstrap over objects knows it, but none where nothing was hit. The wider end of the two stands.

    Parameters
    ----------
    hits : bool array (n,)
    objects : int array (n,)
        Which object each epoch is of.
    """
    hit, names = np.asarray(hits, dtype=bool), np.asarray(objects)
    simple = wilson(int(hit.sum()), len(hit))
    if not len(hit):
        return simple
    _, place = np.unique(names, return_inverse=True)
    drawn = weights(int(place.max()) + 1)
    with np.errstate(invalid="ignore"):
        resampled = (drawn @ np.bincount(place, hit)) / (drawn @ np.bincount(place))
    clustered = bootstrapped(simple.value, resampled, len(hit))
    return Figure(simple.value, min(simple.low, clustered.low), max(simple.high, clustered.high), len(hit))
