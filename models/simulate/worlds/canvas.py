"""Turns GalSim profiles into small images, by way of Fourier space.

A scene is drawn once an object; each exposure then costs a product with its optics and one transform.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import galsim

    from models.simulate.worlds.observed import Complexes, Floats


@dataclass(frozen=True, slots=True)
class Canvas:
    """A stamp in the middle of a larger, periodic square.

    Attributes
    ----------
    side, painted : int
        Of the stamp and the square [px].
    oversample : int
        Samples a pixel along each axis.
    pixel_scale : float
        [arcsec/px].
    x, y : float
        Place in the stamp of the profiles' origin [px].
    looked_at : float
        Side of the square round that place that a sky frame shows [px].
    """

    side: int
    painted: int
    oversample: int
    pixel_scale: float
    x: float
    y: float
    looked_at: float = np.inf

    def norm(self, image: Floats, beyond: float = 0.0) -> float:
        """Root of the sum of squares of what a sky frame shows of a stamp, so far [px] from the place at least."""
        column, row = np.arange(self.side) - self.x, np.arange(self.side)[:, None] - self.y
        shown = np.maximum(np.abs(row), np.abs(column)) <= self.looked_at / 2
        return float(np.linalg.norm(image[shown & (np.hypot(row, column) >= beyond)]))

    def spectrum(self, profile: galsim.GSObject) -> Complexes:
        """Draw a profile ["] in Fourier space.

        Returns
        -------
        complex array (samples, samples // 2 + 1)
            In the order of ``numpy.fft.rfft2``.
        """
        import galsim

        samples = self.painted * self.oversample
        half = samples // 2
        drawn = galsim.ImageCD(galsim.BoundsI(0, half, -half, half - 1))
        profile.drawKImage(drawn, scale=2 * np.pi / (self.painted * self.pixel_scale), recenter=False)
        return np.asarray(np.fft.ifftshift(drawn.array, axes=0))

    def image(self, spectrum: Complexes) -> Floats:
        """Return the stamp of a spectrum that includes the pixels' response; its sum is the flux."""
        samples = self.painted * self.oversample
        margin = (self.painted - self.side) // 2
        kx = np.fft.rfftfreq(samples, 1 / self.oversample)
        ky = np.fft.fftfreq(samples, 1 / self.oversample)[:, None]
        placed = spectrum * (
            np.exp(-2j * np.pi * kx * (margin + self.x)) * np.exp(-2j * np.pi * ky * (margin + self.y))
        )
        fine = np.fft.irfft2(placed, (samples, samples)) * self.oversample**2
        stamp = slice(margin * self.oversample, (margin + self.side) * self.oversample, self.oversample)
        return np.asarray(fine[stamp, stamp])
