"""How well a trail can be told from the edge-on galaxy that is most like it, by whoever knows everything else."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from models.simulate.streaks.population import Population
from models.simulate.streaks.sources import galaxy
from models.simulate.streaks.trail import Segment, trail

if TYPE_CHECKING:
    from numpy.typing import NDArray

#: Direction of both [rad], along no row of pixels, and how far beyond the trail's ends they are compared [FWHM].
_ANGLE, _BEYOND = 0.4, 3.0
#: A trail is about as many times as long as the galaxy's scale length.
_LIKE = 3.5


def distance(length: float, fwhm: float, population: Population) -> float:
    r"""Tell how far a trail is from the galaxies of a population, per unit of its signal-to-noise ratio.

    With trail and galaxy of unit signal-to-noise ratio and scalar product rho, the image of a trail of ratio S lies
    ``S sqrt(1 - rho^2)`` standard deviations from that of the galaxy with the flux that fits best. Rho is the largest
    that a galaxy at the trail's place and in its direction reaches, over scale lengths and axis ratios.

    Parameters
    ----------
    length, fwhm : float
        Of the trail and of the PSF [px].
    population : Population
        Its `galaxy_length` and `axis_ratio` bound the galaxies.
    """
    from scipy.optimize import least_squares

    side = math.ceil(length + 2 * _BEYOND * fwhm)
    middle = (side - 1) / 2
    trailed = _unit(trail((side, side), Segment.around(middle, middle, length, _ANGLE), fwhm))

    def residual(parameters: NDArray[np.float64]) -> NDArray[np.float64]:
        scale, ratio = fwhm * math.exp(parameters[0]), float(parameters[1])
        other = _unit(galaxy((side, side), middle, middle, fwhm, scale, ratio, _ANGLE))
        return np.asarray(trailed - (other @ trailed) * other)

    low, high = (
        np.array([math.log(one), ratio])
        for one, ratio in zip(population.galaxy_length, population.axis_ratio, strict=True)
    )
    start = np.clip([math.log(length / fwhm / _LIKE), low[1]], low + 0.05 * (high - low), high - 0.05 * (high - low))
    found = least_squares(residual, start, bounds=(low, high))
    return math.sqrt(2.0 * float(found.cost))


def told_apart(distances: NDArray[np.float64], snr: NDArray[np.floating], passing: float) -> NDArray[np.float64]:
    """Chance that each of some trails is found by a likelihood ratio that a share of their look-alikes passes.

    Neyman & Pearson (1933): no test between the two does better.
    """
    from scipy.stats import norm

    return np.asarray(norm.cdf(distances * snr - norm.isf(passing)))


def _unit(image: NDArray[np.float32]) -> NDArray[np.float64]:
    flat = image.astype(np.float64).ravel()
    return np.asarray(flat / np.linalg.norm(flat))
