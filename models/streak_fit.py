"""Measures a streak that the network found: least squares with the trailed Gaussian that streaks are made of."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from models.simulate.streaks.trail import Segment
from models.streak_network import in_sigma

if TYPE_CHECKING:
    from numpy.typing import NDArray

#: Half width of the band of pixels that are fitted, and how far it reaches beyond the ends [px].
_ACROSS, _BEYOND = 10.0, 10.0
_START_SIGMAS = (0.9, 1.8)
_WIDTHS = (0.5, 5.0)
#: A fit that leads an end away farther than this found something else [px].
_FARTHEST = 16.0
_EVALUATIONS = 120


def fit_streak(stamp: NDArray[np.float32], start: Segment) -> Segment:
    """Refine a streak's ends.

    Parameters
    ----------
    stamp : float32 array (rows, columns)
        In any units, NaN where pixels are missing; the streak bright.
    start : Segment
        Where the network saw it.

    Returns
    -------
    Segment
        With the least squares; `start` where no fit near it has light in it.
    """
    from scipy.optimize import least_squares

    image = in_sigma(stamp)
    y, x = np.mgrid[: image.shape[0], : image.shape[1]].astype(float)
    u, v = _along_and_across(x, y, start)
    near = np.isfinite(image) & (np.abs(v) < _ACROSS) & (u > -_BEYOND) & (u < start.length + _BEYOND)
    if near.sum() < 20:
        return start
    x, y, light = x[near], y[near], image[near].astype(float)

    def residuals(parameters: NDArray[np.float64]) -> NDArray[np.float64]:
        shape = _trail(x, y, parameters[:4], float(np.exp(parameters[4])))
        # Flux and background are linear: solved exactly, they need no start.
        a, b = shape.mean(), light.mean()
        flux = ((shape - a) @ (light - b)) / max((shape - a) @ (shape - a), 1e-12)
        return np.asarray((light - b) - max(flux, 0.0) * (shape - a))

    fits = [
        least_squares(residuals, (*start.ends, np.log(sigma)), method="lm", max_nfev=_EVALUATIONS)
        for sigma in _START_SIGMAS
    ]
    found = min(fits, key=lambda fit: fit.cost)
    segment = Segment(*(float(one) for one in found.x[:4]))
    moved = np.abs(np.subtract(segment.ends, start.ends)).max()
    plausible = moved < _FARTHEST and _WIDTHS[0] < np.exp(found.x[4]) < _WIDTHS[1]
    seen = segment.within(*image.shape) if plausible and segment.length > 1.0 else None
    return seen or start


def _along_and_across(
    x: NDArray[np.float64], y: NDArray[np.float64], line: Segment
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    length = max(line.length, 1e-6)
    c, s = (line.x2 - line.x1) / length, (line.y2 - line.y1) / length
    return (x - line.x1) * c + (y - line.y1) * s, (y - line.y1) * c - (x - line.x1) * s


def _trail(
    x: NDArray[np.float64], y: NDArray[np.float64], ends: NDArray[np.float64], sigma: float
) -> NDArray[np.float64]:
    """Evaluate the profile of `models.simulate.streaks.trail` at some pixels, without its norm."""
    from scipy.special import erf

    line = Segment(*ends)
    u, v = _along_and_across(x, y, line)
    scale = np.sqrt(2.0) * sigma
    return np.asarray(np.exp(-((v / scale) ** 2)) * (erf(u / scale) - erf((u - line.length) / scale)))
