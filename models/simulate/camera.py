"""The two cameras that are simulated: pixels, depth and sky, of the order of the real ones."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeVar

import numpy as np

from models.simulate.sky import Floats

Magnitude = TypeVar("Magnitude", float, Floats)


@dataclass(frozen=True, slots=True)
class Camera:
    """One survey's camera.

    Attributes
    ----------
    name : str
        The survey, as in topics and annotations.
    pixel_scale : float
        [arcsec/px].
    smallest_side, largest_side : int
        Sides of its stamps [px].
    oversample : int
        Samples a pixel that its seeing needs while painting.
    rotates : bool
        Whether each exposure has north elsewhere.
    rows_south : bool
        Whether rows count southwards where columns count westwards (ZTF), or northwards (Rubin, unrotated).
    exposure_time : float
        [s].
    zero_point : float
        AB magnitude of one unit of the pixels.
    gain : float
        Photo-electrons a unit.
    background, sky_noise, reference_noise : float
        Level left in the images, and noise a pixel of one exposure and of the reference [units].
    seeing, reference_seeing : float
        Median FWHM of exposures, and that of the reference [arcsec].
    bands : tuple of str
        Filters, in the order of a night's exposures.
    visits : int
        Exposures a night.
    bright, faint : float
        Range of the magnitudes of stars and galaxies.
    stars, galaxies : float
        Numbers a square arcmin.
    galaxy_length : float
        Median scale length of a galaxy [arcsec].
    ra, dec : float
        Where it looks [deg].
    """

    name: str
    pixel_scale: float
    smallest_side: int
    largest_side: int
    oversample: int
    rotates: bool
    rows_south: bool
    exposure_time: float
    zero_point: float
    gain: float
    background: float
    sky_noise: float
    reference_noise: float
    seeing: float
    reference_seeing: float
    bands: tuple[str, ...]
    visits: int
    bright: float
    faint: float
    stars: float
    galaxies: float
    galaxy_length: float
    ra: float
    dec: float

    def flux(self, magnitude: Magnitude) -> Magnitude:
        """AB magnitude to pixel units."""
        return 10 ** (0.4 * (self.zero_point - magnitude))

    def magnitude(self, flux: float) -> float:
        """Pixel units to AB magnitude; of the flux's size, whatever its sign."""
        return float(self.zero_point - 2.5 * np.log10(abs(flux)))


ZTF = Camera(
    name="ztf",
    pixel_scale=1.01,
    smallest_side=63,
    largest_side=63,
    oversample=2,
    rotates=False,
    rows_south=True,
    exposure_time=30.0,
    zero_point=26.2,
    gain=6.2,
    background=160.0,
    sky_noise=11.0,
    reference_noise=3.0,
    seeing=2.1,
    reference_seeing=1.7,
    bands=("r", "g", "r", "r", "g", "r"),
    visits=6,
    bright=15.0,
    faint=21.5,
    stars=9.0,
    galaxies=3.0,
    galaxy_length=1.3,
    ra=150.0,
    dec=20.0,
)

RUBIN = Camera(
    name="lsst",
    pixel_scale=0.2,
    smallest_side=30,
    largest_side=90,
    oversample=1,
    rotates=True,
    rows_south=False,
    exposure_time=30.0,
    zero_point=31.4,
    gain=1.7,
    background=0.0,
    sky_noise=36.0,
    reference_noise=9.0,
    seeing=0.95,
    reference_seeing=0.75,
    bands=("i", "i", "r", "i", "i", "r"),
    visits=6,
    bright=18.5,
    faint=25.5,
    stars=12.0,
    galaxies=45.0,
    galaxy_length=0.45,
    ra=60.0,
    dec=-30.0,
)
