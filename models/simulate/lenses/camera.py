"""What a survey makes of a scene: seeing, pixels, noise."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from models.simulate.lenses.colours import BANDS
from models.simulate.lenses.light import Grid, Image
from models.simulate.profiles import EUCLID, FWHM, KIDS, SurveyProfile

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Camera:
    """A survey's stamps.

    Attributes
    ----------
    profile : SurveyProfile
        Its `stack_depth` sets the noise.
    bands : tuple of str
    detection : int
        Number of the band that Einstein radius, S/N and information content refer to.
    side : int
        Of a stamp [px].
    pixel_scale : float
        [arcsec/px].
    fine : int
        Points of the painted grid a pixel, each way.
    seen : int
        The same where the seeing is applied: as fine as the PSF needs.
    blur : tuple of floats
        FWHM of each band in that of the detection band.
    photons : tuple of floats
        Of the sky in a pixel, the square root of their number, in each band: so much brighter than the noise must a
        source be for its own photons to matter as much as the sky's.
    """

    profile: SurveyProfile
    bands: tuple[str, ...]
    detection: int
    side: int
    pixel_scale: float
    fine: int
    seen: int
    blur: tuple[float, ...]
    photons: tuple[float, ...]

    #: Room around the stamp that takes up what the Fourier transform carries over its rim [px].
    MARGIN = 6

    def grid(self) -> Grid:
        """Lay out the points on which scenes are painted: the stamp and the margin around it."""
        return Grid.square((self.side + 2 * self.MARGIN) * self.fine, self.pixel_scale / self.fine)

    def expose(self, surfaces: Sequence[Image], magnitudes: NDArray[np.float64], psf: Seeing) -> Image:
        """Return a noiseless image.

        Parameters
        ----------
        surfaces : sequence of float32 arrays
            Of unit flux on the `grid`.
        magnitudes : array (surfaces, bands)
        psf : Seeing

        Returns
        -------
        float32 array (bands, side, side)
            In units of a pixel's sky noise.
        """
        # The noise is that of this camera's pixels, which for KiDS are resampled from 0.21 to 0.2 arcsec.
        scale = self.profile.pixel_scale / self.pixel_scale
        flux = scale * np.array(
            [
                [self.profile.flux_in_sigma(one, band, stacked=True) for one in column]
                for band, column in zip(self.bands, magnitudes.T, strict=True)
            ]
        )
        stack = np.stack([binned(one, self.fine // self.seen) for one in surfaces])
        scene = (flux.astype(np.float32) @ stack.reshape(len(stack), -1)).reshape(-1, *stack.shape[1:])
        for band, blur in enumerate(self.blur):
            scene[band] = psf.spread(scene[band], blur * psf.fwhm / self.pixel_scale * self.seen)
        inner = slice(self.MARGIN, self.MARGIN + self.side)
        return np.stack([binned(one, self.seen)[inner, inner] for one in scene])

    def noise(self, rng: np.random.Generator, image: Image) -> Image:
        """Return an image (bands, side, side) with the noise of the sky and of its own photons."""
        photons = np.array(self.photons, np.float32)[:, None, None]
        spread = np.sqrt(1 + np.maximum(image, 0) / photons)
        return np.asarray(image + spread * rng.standard_normal(image.shape, dtype=np.float32))


@dataclass(frozen=True, slots=True)
class Seeing:
    """A point spread function: an elliptic Gaussian core and wings twice as wide.

    Attributes
    ----------
    fwhm : float
        In the detection band [arcsec].
    wings : float
        Their share of the light.
    stretch : tuple of two floats
        Ellipticity along the axes and the diagonals.
    """

    fwhm: float
    wings: float = 0.0
    stretch: tuple[float, float] = (0.0, 0.0)

    def spread(self, image: Image, fwhm: float) -> Image:
        """Convolve an image with the PSF, `fwhm` in its pixels; the flux stays."""
        from scipy.fft import irfft2, rfft2

        side = image.shape[0]
        fy = np.fft.fftfreq(side)[:, None].astype(np.float32)
        fx = np.fft.rfftfreq(side)[None].astype(np.float32)
        one, two = self.stretch
        squares = (1 + one) * fx**2 + (1 - one) * fy**2 + 2 * two * fx * fy
        core = np.exp(np.float32(-2 * (np.pi * fwhm / FWHM) ** 2) * squares)
        # The transform of a Gaussian twice as wide is the fourth power.
        transfer = core * (np.float32(1 - self.wings) + np.float32(self.wings) * core**3)
        return np.asarray(irfft2(rfft2(image) * transfer, s=image.shape), np.float32)


def binned(image: Image, factor: int) -> Image:
    """Add up blocks of factor by factor cells."""
    if factor == 1:
        return image
    rows, columns = (size // factor for size in image.shape)
    return np.asarray(image.reshape(rows, factor, columns, factor).sum(axis=(1, 3)), np.float32)


#: KiDS on pixels of 0.2 arcsec, those of Rubin. Its other bands are taken in worse seeing than r: Kuijken et al. 2019.
GROUND = Camera(
    KIDS, BANDS, detection=2, side=60, pixel_scale=0.2, fine=2, seen=1,
    blur=(1.4, 1.2, 1.0, 1.15), photons=(10.0, 25.0, 45.0, 45.0),
)  # fmt: skip
SPACE = Camera(
    EUCLID, ("VIS",), detection=0, side=64, pixel_scale=0.1, fine=3, seen=3, blur=(1.0,), photons=(22.0,)
)  # fmt: skip
