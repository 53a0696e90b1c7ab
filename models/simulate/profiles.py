"""What the simulated surveys' images are like: pixels, seeing, exposure and depth, from published figures.

The noise of a pixel is not built from sky brightness and zero point but from the published depth, by
``sigma = F(m5) / 5 * sqrt(sum P^2)`` with the PSF P: zero points in configuration files are often a
pipeline's per exposure, not a second's, and then miss the real depth by a magnitude.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

#: Full width at half maximum of a Gaussian, in its standard deviations.
FWHM = 2.0 * math.sqrt(2.0 * math.log(2.0))


@dataclass(frozen=True, slots=True)
class SurveyProfile:
    """One survey's images.

    Attributes
    ----------
    name : str
    pixel_scale : float
        [arcsec/px].
    exposure_time : float
        Of one exposure [s].
    fwhm : tuple of three floats
        Of the point spread function: smallest usual, median, largest usual [arcsec].
    depth : mapping of str to float
        Band to the AB magnitude of a point source at 5 sigma in one exposure, at the median FWHM.
    stack_depth : mapping of str to float
        The same for the survey's stack or reference.
    differences : bool
        Whether its alerts come from difference images.
    source : str
        Where the figures are from.
    """

    name: str
    pixel_scale: float
    exposure_time: float
    fwhm: tuple[float, float, float]
    depth: Mapping[str, float]
    stack_depth: Mapping[str, float] = field(default_factory=lambda: MappingProxyType({}))
    differences: bool = False
    source: str = ""

    @property
    def fwhm_pixels(self) -> tuple[float, float, float]:
        """FWHM: smallest, median, largest [px]."""
        low, median, high = (one / self.pixel_scale for one in self.fwhm)
        return low, median, high

    def sky_noise(self, band: str, zero_point: float, *, stacked: bool = False) -> float:
        """Noise of one pixel.

        Parameters
        ----------
        band : str
            Key of `depth`.
        zero_point : float
            AB magnitude of one unit.
        stacked : bool
            Of the stack, not of one exposure.

        Returns
        -------
        float
            Standard deviation [units].
        """
        depth = (self.stack_depth if stacked else self.depth)[band]
        return 10 ** (0.4 * (zero_point - depth)) / 5.0 * psf_norm(self.fwhm_pixels[1])

    def flux_in_sigma(self, magnitude: float, band: str, *, stacked: bool = False) -> float:
        """Flux of a source in units of one pixel's noise."""
        return 1.0 / self.sky_noise(band, magnitude, stacked=stacked)

    def trail_length(self, rate: float) -> float:
        """Length of a moving source's trail [px] at a rate [arcsec/h]: science of one exposure."""
        return rate * self.exposure_time / 3600.0 / self.pixel_scale


def psf_norm(fwhm: float) -> float:
    """Return ``sqrt(sum P^2)`` of a Gaussian PSF; `fwhm` in pixels."""
    return FWHM / fwhm / (2.0 * math.sqrt(math.pi))


ZTF = SurveyProfile(
    "ztf", 1.01, 30.0, (1.7, 2.0, 3.0),
    MappingProxyType({"g": 20.8, "r": 20.6, "i": 19.9}),
    # References are stacks of at least 15 exposures (Masci et al. 2019): 2.5 log10(sqrt(15)) deeper.
    MappingProxyType({"g": 22.3, "r": 22.1, "i": 21.4}),
    differences=True,
    source="Bellm et al. 2019, PASP 131, 018002: median 5 sigma limits of 30 s, and delivered image quality",
)  # fmt: skip
RUBIN = SurveyProfile(
    "lsst", 0.2, 30.0, (0.6, 0.83, 1.2),
    MappingProxyType({"u": 23.70, "g": 24.97, "r": 24.52, "i": 24.13, "z": 23.56, "y": 22.55}),
    # Ten such visits: what a template of the first years holds, 2.5 log10(sqrt(10)) deeper.
    MappingProxyType({"u": 24.95, "g": 26.22, "r": 25.77, "i": 25.38, "z": 24.81, "y": 23.80}),
    differences=True,
    source="Rubin technote SMTN-002: 5 sigma depths of single 30 s visits",
)  # fmt: skip
KIDS = SurveyProfile(
    "kids", 0.21, 360.0, (0.55, 0.70, 1.0),
    # One of the five dithered r exposures: 2.5 log10(sqrt(5)) shallower than the stack.
    MappingProxyType({"r": 24.7}),
    # DR4's limits hold for a 2 arcsec aperture; a point source's at 0.70" are 0.56 mag deeper.
    MappingProxyType({"u": 24.79, "g": 25.68, "r": 25.58, "i": 24.24}),
    source="Kuijken et al. 2019, A&A 625, A2: u 24.23, g 25.12, r 25.02, i 23.68 in 2 arcsec apertures; r seeing 0.70",
)  # fmt: skip
EUCLID = SurveyProfile(
    "euclid", 0.1, 566.0, (0.16, 0.18, 0.20),
    # One of four dithered exposures: 2.5 log10(sqrt(4)) shallower than the stack.
    MappingProxyType({"VIS": 25.45}),
    MappingProxyType({"VIS": 26.2}),
    source="Euclid Collaboration: Scaramella et al. 2022, A&A 662, A112: 26.2 for point sources at 5 sigma",
)  # fmt: skip

PROFILES = MappingProxyType({one.name: one for one in (ZTF, RUBIN, KIDS, EUCLID)})
