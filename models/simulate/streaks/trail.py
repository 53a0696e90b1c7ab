"""Trailed sources: a line of light through a Gaussian PSF, exact in flux and in place."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from models.simulate.profiles import FWHM

Floats = npt.NDArray[np.float64]
Image = npt.NDArray[np.float32]

#: Beyond this many standard deviations of the PSF nothing is painted: 6e-7 of the light.
_REACH = 5.0


@dataclass(frozen=True, slots=True)
class Segment:
    """A straight line between two points [px]; 0 is the centre of the first pixel."""

    x1: float
    y1: float
    x2: float
    y2: float

    @classmethod
    def around(cls, x: float, y: float, length: float, angle: float) -> Segment:
        """Lay a segment round its middle; `angle` [rad] from x towards y."""
        dx, dy = 0.5 * length * math.cos(angle), 0.5 * length * math.sin(angle)
        return cls(x - dx, y - dy, x + dx, y + dy)

    @property
    def length(self) -> float:
        """Its length [px]."""
        return math.hypot(self.x2 - self.x1, self.y2 - self.y1)

    @property
    def angle(self) -> float:
        """Its direction from x towards y [rad], 0 to pi: a streak tells no sense of motion."""
        return math.atan2(self.y2 - self.y1, self.x2 - self.x1) % math.pi

    @property
    def ends(self) -> tuple[float, float, float, float]:
        """``(x1, y1, x2, y2)``."""
        return self.x1, self.y1, self.x2, self.y2

    def within(self, rows: int, columns: int, rim: float = 0.0) -> Segment | None:
        """Clip to an image's pixels, `rim` px inside their outer edges; None where nothing remains.

        Liang & Barsky (1984).
        """
        enter, leave = 0.0, 1.0
        for start, step, size in (
            (self.x1, self.x2 - self.x1, columns),
            (self.y1, self.y2 - self.y1, rows),
        ):
            low, high = rim - 0.5 - start, size - 0.5 - rim - start
            if step == 0.0:
                if low > 0.0 or high < 0.0:
                    return None
                continue
            first, last = sorted((low / step, high / step))
            enter, leave = max(enter, first), min(leave, last)
        if enter >= leave:
            return None
        dx, dy = self.x2 - self.x1, self.y2 - self.y1
        return Segment(self.x1 + enter * dx, self.y1 + enter * dy, self.x1 + leave * dx, self.y1 + leave * dy)


def trail(
    shape: tuple[int, int],
    segment: Segment,
    fwhm: float,
    brightness: Floats | None = None,
    wings: tuple[float, float] = (0.0, 2.0),
) -> Image:
    r"""Paint a trail of unit flux.

    .. math::

        P(u, v) = \frac{e^{-v^2 / 2 s^2}}{\sqrt{2 \pi} s} \,
                  \frac{\mathrm{erf}\frac{u + L/2}{\sqrt 2 s} - \mathrm{erf}\frac{u - L/2}{\sqrt 2 s}}{2 L}

    with `u` along and `v` across the trail: the convolution of a line of length L with a Gaussian of
    standard deviation s. A trail of varying brightness is a row of such pieces.

    Parameters
    ----------
    shape : (rows, columns)
    segment : Segment
        From where to where the source moved; may lie partly outside.
    fwhm : float
        [px].
    brightness : array (pieces,), optional
        Relative surface brightness of equal pieces along the trail.
    wings : (share, width)
        Share of the light in a second Gaussian, and how many times as wide it is.

    Returns
    -------
    float32 array (rows, columns)
        Of sum 1 where all of it lies inside.
    """
    rows, columns = shape
    share, width = wings
    painted = np.zeros(rows * columns, np.float32)
    for part, sigma in ((1.0 - share, fwhm / FWHM), (share, width * fwhm / FWHM)):
        if part > 0.0:
            _add_gaussian_trail(painted.reshape(shape), segment, sigma, part, brightness)
    return painted.reshape(rows, columns)


def _add_gaussian_trail(image: Image, segment: Segment, sigma: float, flux: float, brightness: Floats | None) -> None:
    from scipy.special import erf

    reach = _REACH * sigma
    rows, columns = image.shape
    left, right = sorted((segment.x1, segment.x2))
    low, high = sorted((segment.y1, segment.y2))
    box = (
        slice(max(math.floor(low - reach), 0), max(min(math.ceil(high + reach) + 1, rows), 0)),
        slice(max(math.floor(left - reach), 0), max(min(math.ceil(right + reach) + 1, columns), 0)),
    )
    length = max(segment.length, 1e-3)  # a point is a very short trail
    direction = math.atan2(segment.y2 - segment.y1, segment.x2 - segment.x1)
    c, s = math.cos(direction), math.sin(direction)
    x = np.arange(box[1].start, box[1].stop) - segment.x1
    y = np.arange(box[0].start, box[0].stop)[:, None] - segment.y1
    across = y * c - x * s
    near = np.abs(across) < reach
    v, u = across[near], (x * c + y * s)[near]
    weights = np.ones(1) if brightness is None else brightness / brightness.mean()
    places = np.linspace(0.0, length, len(weights) + 1)
    passed = erf((u[:, None] - places) / (math.sqrt(2.0) * sigma))
    along = (passed[:, :-1] - passed[:, 1:]) @ weights / (2.0 * length)
    image[box][near] += flux * np.exp(-0.5 * (v / sigma) ** 2) / (math.sqrt(2.0 * math.pi) * sigma) * along


def modulation(rng: np.random.Generator, largest: float, pieces: int = 8) -> Floats:
    """Draw how a trail's brightness varies along it: a wave of random period, up to `largest` mag to either side."""
    place = (np.arange(pieces) + 0.5) / pieces
    wave = np.sin(2.0 * np.pi * (rng.uniform(0.2, 2.0) * place + rng.random()))
    return np.asarray(10.0 ** (0.4 * largest * rng.random() * wave))


def matched_snr(source: Image) -> float:
    """Signal-to-noise ratio of a source under its own matched filter; `source` in units of a pixel's noise."""
    return math.sqrt(float(np.sum(np.square(source, dtype=np.float64))))
