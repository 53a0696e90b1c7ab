"""The population of lenses that a survey can detect: percentiles, and distributions drawn through them.

All are percentiles of the simulated catalogues that come with LensPop (Collett 2015, ApJ 811, 20): systems with
arcs of S/N above 20, magnified more than three times and resolved; in Euclid's VIS, in DES's coadds of g, r, i, and
for the seeing and the Einstein radii of KiDS in LSST's best images ("optimally stacked").
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

_PERCENTILES = np.array([1, 5, 16, 50, 84, 95, 99]) / 100.0
#: How often each pair of properties of a real galaxy goes together: correlations of the normal scores.
_TIES = (
    ("lens_redshift", "lens_magnitude", 0.8),
    ("lens_magnitude", "lens_radius", -0.6),
    ("lens_redshift", "lens_radius", -0.4),
    ("einstein_radius", "lens_radius", 0.3),
    ("einstein_radius", "lens_magnitude", -0.3),
    ("lens_redshift", "source_redshift", 0.4),
    ("source_magnitude", "source_radius", -0.4),
    ("source_magnitude", "magnification", 0.7),
    ("source_radius", "magnification", -0.3),
)


@dataclass(frozen=True, slots=True)
class Percentiles:
    """A distribution known by its percentiles 1, 5, 16, 50, 84, 95, 99; between them even, logarithmically if asked.

    Attributes
    ----------
    values : seven floats
        Rising.
    logarithmic : bool
    """

    values: tuple[float, float, float, float, float, float, float]
    logarithmic: bool = False

    def at(self, share: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the values below which shares of the population lie; ends at percentiles 1 and 99."""
        values = np.log(self.values) if self.logarithmic else np.array(self.values)
        found = np.interp(share, _PERCENTILES, values)
        return np.exp(found) if self.logarithmic else found


@dataclass(frozen=True, slots=True)
class Flat:
    """Even between two bounds, logarithmically if asked."""

    low: float
    high: float
    logarithmic: bool = False

    def at(self, share: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the values below which shares of the population lie."""
        if self.logarithmic:
            return np.asarray(self.low * (self.high / self.low) ** share)
        return np.asarray(self.low + (self.high - self.low) * share)


@dataclass(frozen=True, slots=True)
class LensPrior:
    """What lenses and their sources are like; angles in arcsec, magnitudes AB in r or VIS, the source's unlensed."""

    lens_redshift: Percentiles | Flat
    source_redshift: Percentiles | Flat
    einstein_radius: Percentiles | Flat
    lens_axis_ratio: Percentiles | Flat
    lens_radius: Percentiles | Flat
    lens_magnitude: Percentiles | Flat
    source_magnitude: Percentiles | Flat
    source_radius: Percentiles | Flat
    source_axis_ratio: Percentiles | Flat
    magnification: Percentiles | Flat

    def draw(self, rng: np.random.Generator) -> DrawnLens:
        """Draw one system.

        The catalogues' joint distribution is not in the percentiles: normal scores with the correlations `_TIES`,
        which are round numbers chosen here, keep large galaxies bright and distant ones faint, and let what is too
        faint to be detected unlensed be strongly magnified.
        """
        names = self.__dataclass_fields__
        place = {name: number for number, name in enumerate(names)}
        correlation = np.eye(len(place))
        for one, other, tie in _TIES:
            correlation[place[one], place[other]] = correlation[place[other], place[one]] = tie
        scores = np.linalg.cholesky(correlation) @ rng.standard_normal(len(place))
        shares = ndtr(scores)
        return DrawnLens(**{name: float(getattr(self, name).at(shares[place[name]])) for name in names})


@dataclass(frozen=True, slots=True)
class DrawnLens:
    """One system: the properties of `LensPrior`."""

    lens_redshift: float
    source_redshift: float
    einstein_radius: float
    lens_axis_ratio: float
    lens_radius: float
    lens_magnitude: float
    source_magnitude: float
    source_radius: float
    source_axis_ratio: float
    magnification: float


def ndtr(scores: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the share of a normal distribution below each score."""
    from scipy.special import ndtr as below

    return np.asarray(below(scores))


EUCLID = LensPrior(
    magnification=Percentiles((3.0, 3.2, 3.5, 5.4, 11.0, 19.0, 30.0), logarithmic=True),
    lens_redshift=Percentiles((0.14, 0.23, 0.36, 0.64, 1.08, 1.43, 1.77)),
    source_redshift=Percentiles((0.54, 0.77, 1.10, 1.82, 2.79, 3.60, 4.56)),
    einstein_radius=Percentiles((0.17, 0.25, 0.37, 0.65, 1.11, 1.51, 2.01), logarithmic=True),
    lens_axis_ratio=Percentiles((0.27, 0.39, 0.52, 0.71, 0.85, 0.92, 0.96)),
    lens_radius=Percentiles((0.21, 0.27, 0.35, 0.53, 0.82, 1.14, 1.71), logarithmic=True),
    lens_magnitude=Percentiles((15.7, 17.1, 18.6, 20.9, 23.6, 25.5, 27.2)),
    source_magnitude=Percentiles((22.6, 23.5, 24.4, 25.5, 26.7, 27.5, 27.9)),
    source_radius=Percentiles((0.01, 0.02, 0.04, 0.11, 0.27, 0.44, 0.69), logarithmic=True),
    source_axis_ratio=Percentiles((0.24, 0.32, 0.45, 0.66, 0.83, 0.91, 0.96)),
)
KIDS = LensPrior(
    magnification=Percentiles((3.1, 3.3, 3.9, 6.8, 15.0, 52.0, 141.0), logarithmic=True),
    lens_redshift=Percentiles((0.09, 0.15, 0.23, 0.42, 0.69, 0.90, 1.17)),
    source_redshift=Percentiles((0.50, 0.72, 1.14, 1.85, 2.56, 3.08, 3.89)),
    # LSST's best images: as sharp as KiDS; the rest of this row is DES's, as deep as KiDS.
    einstein_radius=Percentiles((0.41, 0.61, 0.82, 1.15, 1.61, 2.02, 2.50), logarithmic=True),
    lens_axis_ratio=Percentiles((0.34, 0.47, 0.58, 0.75, 0.87, 0.93, 0.97)),
    lens_radius=Percentiles((0.38, 0.47, 0.58, 0.88, 1.33, 1.92, 2.99), logarithmic=True),
    lens_magnitude=Percentiles((14.5, 15.8, 16.9, 18.9, 21.0, 22.4, 23.6)),
    source_magnitude=Percentiles((21.6, 22.6, 23.3, 24.2, 25.5, 27.0, 27.9)),
    source_radius=Percentiles((0.01, 0.03, 0.12, 0.31, 0.56, 0.79, 1.06), logarithmic=True),
    source_axis_ratio=Percentiles((0.24, 0.32, 0.45, 0.66, 0.83, 0.91, 0.96)),
)
