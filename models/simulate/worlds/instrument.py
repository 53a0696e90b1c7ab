"""The instruments of the simulated worlds: how deep, how sharp and how large their images are."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np

from models.simulate.worlds.canvas import Canvas


@dataclass(frozen=True, slots=True)
class Instrument:
    """A camera, its site and its stamps.

    Attributes
    ----------
    name : str
        Of the stamps' format: "vst", "ztf" or "lsst".
    pixel_scale : float
        [arcsec/px].
    smallest, largest : int
        Sides of the stamps [px].
    painted : int
        Side of the periodic square in which a stamp is drawn [px].
    oversample : int
        Samples a pixel along each axis: 2 where the seeing is too sharp for the pixels.
    depth : float
        Of a point source with S/N 5 in median seeing and sky [mag].
    seeing, seeing_scatter : float
        Median FWHM ["] and scatter [dex] of its log-normal distribution.
    sharpest, broadest : float
        Where that distribution is cut ["].
    darkest, brightest : float
        Sky [mag/arcsec^2].
    zero_point : float
        Magnitude of a source of unit flux.
    saturation : float
        Magnitude at which stars saturate; no source of the field is brighter.
    subtracted : bool
        Whether science images come without their background.
    """

    name: str
    pixel_scale: float
    smallest: int
    largest: int
    painted: int
    oversample: int
    depth: float
    seeing: float
    seeing_scatter: float
    sharpest: float
    broadest: float
    darkest: float
    brightest: float
    zero_point: float
    saturation: float
    subtracted: bool

    def flux(self, magnitude: float) -> float:
        """Return the flux of a source."""
        return float(10 ** (0.4 * (self.zero_point - magnitude)))

    @property
    def point_noise(self) -> float:
        """Flux of a point source with S/N 1 in median seeing and sky."""
        return self.flux(self.depth) / 5

    def background(self, sky: float) -> float:
        """Return the flux of a pixel of sky of so many mag/arcsec^2."""
        return self.flux(sky) * self.pixel_scale**2

    def sigma(self, sky: float) -> float:
        """Return the sky noise a pixel: photons only, hence the root of the sky's brightness."""
        return _median_sigma(self) * float(10 ** (-0.2 * (sky - self.median_sky)))

    @property
    def gain(self) -> float:
        """Photons a unit of flux: the depth tells, since nothing but the sky's photons limits it."""
        return self.background(self.median_sky) / _median_sigma(self) ** 2

    @property
    def median_sky(self) -> float:
        """[mag/arcsec^2]."""
        return (self.darkest + self.brightest) / 2

    def canvas(self, side: int, x: float, y: float) -> Canvas:
        """Return an empty canvas for a stamp with its object at a place [px]."""
        return Canvas(side, self.painted, self.oversample, self.pixel_scale, x, y, looked_at=self.smallest)


@cache
def _median_sigma(instrument: Instrument) -> float:
    """Sky noise at which a star of the limiting magnitude has S/N 5: its flux, spread over 1 / sum(psf^2) pixels."""
    import galsim

    side = instrument.painted
    canvas = instrument.canvas(side, side // 2, side // 2)
    star = galsim.Convolve(galsim.Moffat(beta=3.5, fwhm=instrument.seeing), galsim.Pixel(instrument.pixel_scale))
    return instrument.point_noise * float(np.linalg.norm(canvas.image(canvas.spectrum(star))))


VST = Instrument(
    name="vst",
    pixel_scale=0.21,
    smallest=122,
    largest=122,
    painted=160,
    oversample=1,
    depth=24.6,
    seeing=0.8,
    seeing_scatter=0.1,
    sharpest=0.55,
    broadest=1.5,
    darkest=21.8,
    brightest=20.0,
    zero_point=30.0,
    saturation=16.0,
    subtracted=True,
)
ZTF = Instrument(
    name="ztf",
    pixel_scale=1.01,
    smallest=63,
    largest=63,
    painted=80,
    oversample=2,
    depth=20.6,
    seeing=2.0,
    seeing_scatter=0.09,
    sharpest=1.5,
    broadest=3.5,
    darkest=21.6,
    brightest=19.4,
    zero_point=26.5,
    saturation=13.5,
    subtracted=False,
)
LSST = Instrument(
    name="lsst",
    pixel_scale=0.2,
    smallest=30,
    largest=45,
    painted=72,
    oversample=1,
    depth=24.0,
    seeing=0.9,
    seeing_scatter=0.08,
    sharpest=0.6,
    broadest=1.5,
    darkest=21.8,
    brightest=20.0,
    zero_point=31.4,  # nJy
    saturation=16.0,
    subtracted=True,
)
