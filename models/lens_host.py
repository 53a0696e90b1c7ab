"""The light of the galaxy in the middle of a stamp, taken away: what an arc is lost in.

A galaxy is modelled as concentric ellipses of one shape with any profile along their radius, as isophote fits are
(Jedrzejewski 1987, MNRAS 226, 747). Pixels far from the model count little, so that arcs and neighbours stay.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float32]

#: Radii between which the profile is linear [px]: closer together where it is steep.
_KNOTS = np.array(
    (0, 0.5, 1, 1.5, 2, 2.5, 3, 3.5, 4, 5, 6, 7, 8, 10, 12, 14, 17, 20, 24, 28, 34, 48, 80), np.float32
)  # fmt: skip
_WIDTHS = np.diff(_KNOTS)
#: The interval between knots in which each eighth of a pixel lies.
_INTERVAL = np.minimum(np.searchsorted(_KNOTS, np.arange(641) / 8, "right") - 1, len(_KNOTS) - 2).astype(np.uint8)

#: So much brighter than the sky's noise is light whose own photons are as noisy: about Euclid's and KiDS's.
_PHOTONS = np.float32(20.0)
#: Steps in which centre and shape are found, and part of the stamp in which they are [px].
_STEPS, _INNER = 4, 15.0
#: How far a model may be off, in parts of itself: at first, and when its shape is nearly found.
_ROUGH, _FINE = 0.2, 0.03
#: Square of the deviation, in sigma, that halves a pixel's weight.
_FAR = np.float32(4.0)
#: How little is known of centre (1/px^2) and ellipticity beforehand: keeps them where there is no galaxy.
_PRIOR = np.diag(np.array((1, 1, 30, 30), np.float32))
#: Largest offset of the centre [px], its largest change in a step, and the same of the ellipticity.
_AWAY, _AWAY_STEP, _FLAT, _FLAT_STEP = 3.5, 1.0, 0.9, 0.25
#: Stamps at a time: as many as stay in a processor's cache.
_CHUNK = 32


def host_free(images: Floats, there: NDArray[np.bool_]) -> Floats:
    """Take the middle galaxy's light away and express the rest in its noise, the galaxy's own photons counted.

    Parameters
    ----------
    images : float32 array (n, bands, side, side)
        In units of the sky's noise, the sky at zero.
    there : bool array (n, bands, side, side)
        Where there are pixels; all else stays zero.

    Returns
    -------
    float32 array (n, bands, side, side)
    """
    chunks = [slice(start, start + _CHUNK) for start in range(0, len(images), _CHUNK)]
    return np.concatenate([_host_free(images[one], there[one]) for one in chunks])


def _host_free(images: Floats, there: NDArray[np.bool_]) -> Floats:
    count, bands, side, _ = images.shape
    light = images.reshape(count, bands, -1)
    good = there.reshape(light.shape).astype(np.float32)
    taken = good.sum(axis=1)
    together = light.sum(axis=1) / np.sqrt(np.maximum(taken, 1))
    line = np.arange(side, dtype=np.float32) - np.float32((side - 1) / 2)
    x, y = (np.ascontiguousarray(one.ravel()) for one in np.meshgrid(line, line))
    inner = np.flatnonzero(x * x + y * y < _INNER**2)
    present = (taken > 0).astype(np.float32)
    ellipse = _ellipse(together[:, inner], present[:, inner], x[inner], y[inner])
    *_, radius = _coordinates(ellipse, x, y)
    isophotes = _Isophotes(radius)
    left = np.empty_like(light)
    for band in range(bands):
        seen, here = isophotes.sorted(light[:, band]), isophotes.sorted(good[:, band])
        host, _ = isophotes.profile(seen, _first_weights(seen, here))
        host, _ = isophotes.profile(seen, _weights(seen, host, here, _FINE))
        noise = np.sqrt(1 + np.maximum(host, 0) / _PHOTONS)
        left[:, band] = isophotes.in_place(np.asarray(here * (seen - host) / noise))
    return left.reshape(images.shape)


def _ellipse(light: Floats, good: Floats, x: Floats, y: Floats) -> Floats:
    """Find centres and ellipticities (n, 4) by steps of Gauss and Newton, each after a new profile."""
    ellipse = np.zeros((len(light), 4), np.float32)
    host: Floats | None = None
    for step in range(_STEPS):
        rough = _ROUGH if step < 2 else _FINE
        dx, dy, radius = _coordinates(ellipse, x, y)
        isophotes = _Isophotes(radius)
        seen, here = isophotes.sorted(light), isophotes.sorted(good)
        weights = _first_weights(light, good) if host is None else _weights(light, host, good, rough)
        fit, _ = isophotes.profile(seen, isophotes.sorted(weights))
        fit, slope = isophotes.profile(seen, _weights(seen, fit, here, rough))
        host, slope = isophotes.in_place(fit), isophotes.in_place(slope)
        weights = _weights(light, host, good, rough)
        one, two = ellipse[:, 2:3], ellipse[:, 3:4]
        change = slope / radius
        derivatives = np.stack(
            [
                -change * ((1 - one) * dx - two * dy), -change * ((1 + one) * dy - two * dx),
                change * (dy * dy - dx * dx) / 2, -change * dx * dy,
            ],
            axis=1,
        )  # fmt: skip
        weighted = derivatives * weights[:, None]
        normal = weighted @ derivatives.swapaxes(1, 2) + _PRIOR
        moved = np.linalg.solve(normal, weighted @ (light - host)[..., None])[..., 0]
        ellipse[:, :2] = np.clip(ellipse[:, :2] + np.clip(moved[:, :2], -_AWAY_STEP, _AWAY_STEP), -_AWAY, _AWAY)
        flat = ellipse[:, 2:] + np.clip(moved[:, 2:], -_FLAT_STEP, _FLAT_STEP)
        size = np.hypot(flat[:, 0], flat[:, 1])[:, None]
        ellipse[:, 2:] = flat * np.minimum(1, _FLAT / np.maximum(size, 1e-6))
    return ellipse


def _coordinates(ellipse: Floats, x: Floats, y: Floats) -> tuple[Floats, Floats, Floats]:
    """Return offsets from the centres and radii, constant along the ellipses [px]."""
    dx, dy = x - ellipse[:, :1], y - ellipse[:, 1:2]
    one, two = ellipse[:, 2:3], ellipse[:, 3:4]
    squares = (1 - one) * dx * dx + (1 + one) * dy * dy - 2 * two * dx * dy
    return dx, dy, np.sqrt(np.maximum(squares, 0) + np.float32(1e-2))


def _first_weights(light: Floats, good: Floats) -> Floats:
    return np.asarray(good / (1 + np.maximum(light, 0) / _PHOTONS + np.float32(_ROUGH**2) * light * light))


def _weights(light: Floats, host: Floats, good: Floats, off: float) -> Floats:
    """Weigh pixels by their noise, and the less the farther they are from the model (Cauchy's weights)."""
    bright = np.maximum(host, 0)
    variance = 1 + bright / _PHOTONS + np.float32(off**2) * bright * bright
    return np.asarray(good / (variance + (light - host) ** 2 / _FAR))


class _Isophotes:
    """The knots of the profile that the pixels of some stamps lie between, and the pixels sorted by them.

    Parameters
    ----------
    radius : float32 array (n, pixels)
        [px].
    """

    def __init__(self, radius: Floats) -> None:
        stamps, pixels = radius.shape
        interval = _INTERVAL[np.minimum((radius * 8).astype(np.int32), len(_INTERVAL) - 1)]
        first = np.arange(stamps)[:, None]
        self._order = (np.argsort(interval, axis=1, kind="stable") + pixels * first).ravel()
        self._count = np.bincount((interval + len(_WIDTHS) * first).ravel(), minlength=stamps * len(_WIDTHS))
        self._filled = np.flatnonzero(self._count)
        self._first = (np.cumsum(self._count) - self._count)[self._filled]
        inner, width = (self._spread(np.tile(one, (stamps, 1))) for one in (_KNOTS[:-1], _WIDTHS))
        self._upper = (self.sorted(radius) - inner) / width
        self._lower = 1 - self._upper

    def sorted(self, values: Floats) -> Floats:
        """Sort what pixels (n, pixels) hold."""
        return np.asarray(values.ravel().take(self._order).reshape(values.shape))

    def in_place(self, values: Floats) -> Floats:
        """Bring sorted values (n, pixels) back to their pixels."""
        found = np.empty_like(values)
        found.reshape(-1)[self._order] = values.ravel()
        return found

    def profile(self, light: Floats, weights: Floats) -> tuple[Floats, Floats]:
        """Fit a profile that is linear between the knots to sorted images; return it there, and its slope."""
        near, far = weights * self._lower, weights * self._upper  # of each pixel's inner and outer knot
        stamps, knots = len(light), len(_KNOTS)
        inner, outer = np.arange(knots - 1), np.arange(1, knots)
        normal = np.zeros((stamps, knots, knots))
        normal[:, inner, inner] = self._summed(near * self._lower)
        normal[:, outer, outer] += self._summed(far * self._upper)
        normal[:, inner, outer] = normal[:, outer, inner] = self._summed(near * self._upper)
        # Where no pixel lies, the profile is zero.
        normal += 1e-3 * np.eye(knots)
        right = np.zeros((stamps, knots, 1))
        right[:, :-1, 0] = self._summed(near * light)
        right[:, 1:, 0] += self._summed(far * light)
        height = np.linalg.solve(normal, right)[..., 0].astype(np.float32)
        rise = np.diff(height)
        host = self._spread(height[:, :-1]) + self._upper * self._spread(rise)
        return host, self._spread(rise / _WIDTHS)

    def _summed(self, values: Floats) -> Floats:
        """Sum sorted values over each interval."""
        sums = np.zeros((len(values), len(_WIDTHS)), np.float32)
        sums.reshape(-1)[self._filled] = np.add.reduceat(values.ravel(), self._first)
        return sums

    def _spread(self, values: Floats) -> Floats:
        """Give every sorted pixel its interval's value (n, intervals)."""
        return np.repeat(values.ravel(), self._count).reshape(len(values), -1)
