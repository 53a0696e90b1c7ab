"""Colours u - g, g - r, r - i of galaxies as their spectra are redshifted through the bands, and of stars.

The tables are round numbers, chosen here after what is generally known: the 4000 A break of old stars passes through
g at redshift 0.2, r at 0.5 and i at 0.9; young stars are nearly flat in AB until hydrogen takes away their light, in u
from redshift 2.5 and in g from 3.5 on. A galaxy's scatter about them is larger than their error. Stars lie on the
stellar locus (Covey et al. 2007, AJ 134, 2398), rounded too.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

BANDS = ("u", "g", "r", "i")

Magnitudes = NDArray[np.float64]

#: Type to redshifts and, at each, u - g, g - r, r - i.
_TABLES: dict[str, tuple[tuple[float, ...], tuple[tuple[float, float, float], ...]]] = {
    "old": (
        (0.0, 0.2, 0.4, 0.6, 0.8, 1.0, 1.4),
        (
            (1.8, 0.75, 0.38), (1.9, 1.25, 0.50), (1.8, 1.65, 0.65), (1.7, 1.75, 0.95), (1.8, 1.75, 1.10),
            (1.9, 1.70, 1.15), (2.0, 1.50, 1.10),
        ),
    ),
    "mixed": (
        (0.0, 0.2, 0.4, 0.6, 0.8, 1.0, 1.4),
        (
            (1.3, 0.50, 0.25), (1.3, 0.80, 0.35), (1.2, 1.05, 0.40), (1.0, 1.10, 0.60), (0.9, 1.05, 0.70),
            (0.8, 0.95, 0.75), (0.7, 0.80, 0.65),
        ),
    ),
    "young": (
        (0.0, 0.5, 1.0, 1.5, 2.0, 2.5, 3.0, 3.5, 4.0, 5.0),
        (
            (0.9, 0.30, 0.10), (0.6, 0.50, 0.30), (0.3, 0.35, 0.40), (0.3, 0.20, 0.25), (0.5, 0.15, 0.15),
            (1.0, 0.15, 0.10), (2.0, 0.25, 0.10), (3.0, 0.60, 0.10), (3.5, 1.20, 0.15), (4.0, 2.50, 0.90),
        ),
    ),
}  # fmt: skip

#: Stars from the hottest that are common to the coolest: u - g, g - r, r - i.
_LOCUS = (
    (0.9, 0.0, -0.1), (0.9, 0.2, 0.05), (1.2, 0.45, 0.15), (1.7, 0.75, 0.25), (2.2, 1.1, 0.4), (2.5, 1.35, 0.7),
    (2.6, 1.4, 1.1), (2.6, 1.45, 1.6), (2.6, 1.6, 2.1),
)  # fmt: skip


def magnitudes(rng: np.random.Generator, kind: str, redshift: float, r: float, scatter: float = 0.1) -> Magnitudes:
    """Draw magnitudes in u, g, r, i.

    Parameters
    ----------
    rng : Generator
    kind : str
        ``old``, ``mixed`` or ``young`` stars.
    redshift : float
        Beyond the table's end, as there.
    r : float
        Magnitude in r.
    scatter : float
        Standard deviation of each colour [mag]; twice as large in u - g.
    """
    redshifts, table = _TABLES[kind]
    colours = np.array([np.interp(redshift, redshifts, column) for column in zip(*table, strict=True)])
    ug, gr, ri = colours + scatter * np.array([2.0, 1.0, 0.7]) * rng.standard_normal(3)
    return np.array([r + gr + ug, r + gr, r, r - ri])


def stellar_magnitudes(rng: np.random.Generator, r: float, scatter: float = 0.05) -> Magnitudes:
    """Draw a star's magnitudes in u, g, r, i, of magnitude `r`: all places of the locus are alike."""
    place = rng.uniform(0, len(_LOCUS) - 1)
    colours = np.array([np.interp(place, np.arange(len(_LOCUS)), column) for column in zip(*_LOCUS, strict=True)])
    ug, gr, ri = colours + scatter * rng.standard_normal(3)
    return np.array([r + gr + ug, r + gr, r, r - ri])
