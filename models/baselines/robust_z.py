"""How far an epoch's image statistics lie from those of its object's earlier epochs: what a quality monitor does.

Six numbers an image: (i) background level, (ii) background scatter, (iii) width and (iv) ellipticity of the brightest
source, (v) chi squared of science minus PSF-matched reference, (vi) share of missing or saturated pixels. Each is
compared with its median among the earlier epochs, in units of their scatter (median absolute deviation); an
epoch is as bad as its worst number, and problematic beyond 5.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from models.baselines.matching import MAD_TO_SIGMA, chi_squared, convolve, noise

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from models.baselines.matching import Difference

LIMIT = 5.0

#: With fewer earlier epochs their scatter is unknown, and a population of good epochs stands in for them.
MIN_EARLIER = 5

STATISTICS = ("level", "scatter", "width", "ellipticity", "chi squared", "lost pixels")

#: Scatter below which a change means nothing: most images have no lost pixel at all. In the order of `STATISTICS`;
#: sigma, dex, dex, -, dex, share.
LEAST_SCATTER = np.array([0.05, 0.01, 0.01, 0.01, 0.03, 0.005])

#: Of the weight within which a source's moments are taken [FWHM], and what is lost at the stamp's edge [px].
APERTURE, EDGE = 1.0, 5


@dataclass(frozen=True, slots=True, eq=False)
class Spread:
    """Where statistics lie: median and scatter (6,) each, in the order of `STATISTICS`."""

    middle: NDArray[np.float64]
    scatter: NDArray[np.float64]

    @classmethod
    def of(cls, statistics: NDArray[np.float64]) -> Spread:
        """Measure it on epochs (n, 6), n at least 1; a number that is NaN in an epoch is left out of its median."""
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", RuntimeWarning)  # NaN in all of them, it is NaN here, and does not count
            middle = np.nanmedian(statistics, axis=0)
            deviation = MAD_TO_SIGMA * np.nanmedian(np.abs(statistics - middle), axis=0)
        return cls(middle, np.maximum(deviation, LEAST_SCATTER))


def statistics(
    science: NDArray[np.float32], reference: NDArray[np.float32], difference: Difference, fwhm: float
) -> NDArray[np.float64]:
    """Measure an image.

    Parameters
    ----------
    science, reference : arrays (side, side)
        In one unit of flux; NaN where missing.
    difference : Difference
        Of the two.
    fwhm : float
        Seeing [px].

    Returns
    -------
    array (6,)
        In the order of `STATISTICS`; NaN where a number cannot be measured.
    """
    sigma = max(noise(science), 1e-12)
    level = float(np.nanmedian(science))
    width, ellipticity = _shape(science.astype(np.float64) - level, _brightest(reference, fwhm), fwhm)
    return np.array(
        [
            (level - float(np.nanmedian(reference))) / sigma,
            np.log10(sigma / max(noise(reference), 1e-12)),
            np.log10(width),
            ellipticity,
            np.log10(chi_squared(difference)),
            _lost(science),
        ]
    )


def score(epoch: NDArray[np.float64], earlier: NDArray[np.float64], population: Spread) -> float:
    """Compare an epoch's statistics (6,) with those of the earlier ones (n, 6); over 1 means problematic."""
    spread = Spread.of(earlier) if len(earlier) >= MIN_EARLIER else population
    deviation = np.abs(epoch - spread.middle) / spread.scatter
    return float(np.nanmax(deviation)) / LIMIT


def _brightest(reference: NDArray[np.float32], fwhm: float) -> tuple[int, int]:
    """Find the source whose shape is measured: the reference's brightest, since it is the same in every epoch."""
    smooth = np.nan_to_num(convolve(reference, fwhm / 2.3548), nan=-np.inf)
    inner = smooth[EDGE:-EDGE, EDGE:-EDGE]
    row, column = np.unravel_index(int(np.argmax(inner)), inner.shape)
    return int(row) + EDGE, int(column) + EDGE


def _shape(image: NDArray[np.float64], place: tuple[int, int], fwhm: float) -> tuple[float, float]:
    """Return width [px] and ellipticity from second moments, weighted; NaN where noise made them negative."""
    rows, columns = (np.arange(len(image)) - centre for centre in place)
    weight = np.exp(-0.5 * (rows[:, None] ** 2 + columns**2) / (APERTURE * fwhm) ** 2)
    light = np.where(np.isnan(image), 0.0, image) * weight
    total = light.sum()
    if total <= 0.0:
        return float("nan"), float("nan")
    y, x = (light.sum(axis=1) @ rows) / total, (light.sum(axis=0) @ columns) / total
    rows, columns = rows - y, columns - x
    yy, xx = (light.sum(axis=1) @ rows**2) / total, (light.sum(axis=0) @ columns**2) / total
    xy = (rows @ light @ columns) / total
    if yy + xx <= 0.0:
        return float("nan"), float("nan")
    return float(np.sqrt(yy + xx)), float(np.hypot(xx - yy, 2.0 * xy) / (xx + yy))


def _lost(image: NDArray[np.float32]) -> float:
    """Return the share of pixels that are missing or saturated: several of one brightest value."""
    missing = np.isnan(image)
    full = image == np.nanmax(image)
    return float(missing.mean() + (full.mean() if full.sum() > 1 else 0.0))
