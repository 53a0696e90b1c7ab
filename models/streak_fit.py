"""Measures a streak that the network found: least squares with the trailed Gaussian that streaks are made of."""

from __future__ import annotations

from dataclasses import dataclass
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
#: Relative: ends come out to a hundredth of a pixel.
_TOLERANCE = 1e-4


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
    light = image[near].astype(float)
    trail = _Trail(x[near], y[near], light - light.mean())
    fits = [
        least_squares(
            trail.residuals,
            (*start.ends, np.log(sigma)),
            trail.jacobian,
            method="lm",
            max_nfev=_EVALUATIONS,
            ftol=_TOLERANCE,
            xtol=_TOLERANCE,
        )
        for sigma in _START_SIGMAS
    ]
    found = min(fits, key=lambda fit: fit.cost)
    segment = Segment(*(float(one) for one in found.x[:4]))
    moved = np.abs(np.subtract(segment.ends, start.ends)).max()
    plausible = moved < _FARTHEST and _WIDTHS[0] < np.exp(found.x[4]) < _WIDTHS[1]
    seen = segment.within(*image.shape) if plausible and segment.length > 1.0 else None
    return seen or start


@dataclass(frozen=True, slots=True, eq=False)
class _Trail:
    """The profile of `models.simulate.streaks.trail` at some pixels, beside their light, the mean at zero.

    The parameters are the ends and the logarithm of the width. Flux and background are linear: solved exactly, they
    need no start.
    """

    x: NDArray[np.float64]
    y: NDArray[np.float64]
    light: NDArray[np.float64]

    def residuals(self, parameters: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the light less the trail that fits it best, (n,)."""
        shape = _shape(*self._places(parameters))
        shape -= shape.mean()
        return np.asarray(self.light - self._flux(shape) * shape)

    def jacobian(self, parameters: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the derivatives of the residuals, (n, 5)."""
        u, v, beyond = self._places(parameters)
        shape = _shape(u, v, beyond)
        line, scale = Segment(*parameters[:4]), _scale(parameters)
        c, s, length = _direction(line)
        # By the places of both ends along the line, by the place across it, and by the direction.
        first, last = (2.0 / np.sqrt(np.pi) * np.exp(-v * v - one * one) for one in (u, beyond))
        start, end, across = -first / scale, last / scale, -2.0 * v * shape / scale
        turn = ((first - last) * v + 2.0 * u * v * shape) / length
        slopes = np.stack(
            [
                c * start + s * (across + turn),
                s * start - c * (across + turn),
                c * end - s * turn,
                s * end + c * turn,
                2.0 * v * v * shape - u * first + beyond * last,
            ]
        )
        shape -= shape.mean()
        slopes -= slopes.mean(axis=1, keepdims=True)
        flux = self._flux(shape)
        change = (slopes @ self.light - 2.0 * flux * (slopes @ shape)) / _square(shape) if flux > 0.0 else np.zeros(5)
        return np.asarray(-(flux * slopes + change[:, None] * shape).T)

    def _places(
        self, parameters: NDArray[np.float64]
    ) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
        """Along the line from its first end, across it, and along it from its last end [width times root two]."""
        line, scale = Segment(*parameters[:4]), _scale(parameters)
        u, v = _along_and_across(self.x, self.y, line)
        return u / scale, v / scale, (u - line.length) / scale

    def _flux(self, shape: NDArray[np.float64]) -> float:
        return max(float(shape @ self.light) / _square(shape), 0.0)


def _scale(parameters: NDArray[np.float64]) -> float:
    """Root two standard deviations [px]; wild steps of a fit are held where squares of it are still numbers."""
    return float(np.sqrt(2.0) * np.exp(np.clip(parameters[4], -5.0, 5.0)))


def _shape(u: NDArray[np.float64], v: NDArray[np.float64], beyond: NDArray[np.float64]) -> NDArray[np.float64]:
    """Profile without its norm."""
    from scipy.special import erf

    return np.asarray(np.exp(-v * v) * (erf(u) - erf(beyond)))


def _square(shape: NDArray[np.float64]) -> float:
    return max(float(shape @ shape), 1e-12)


def _direction(line: Segment) -> tuple[float, float, float]:
    """Cosine and sine of a line's direction, and its length."""
    length = max(line.length, 1e-6)
    return (line.x2 - line.x1) / length, (line.y2 - line.y1) / length, length


def _along_and_across(
    x: NDArray[np.float64], y: NDArray[np.float64], line: Segment
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    c, s, _ = _direction(line)
    return (x - line.x1) * c + (y - line.y1) * s, (y - line.y1) * c - (x - line.x1) * s
