"""Paints small images of the sky: stars and galaxies, through seeing, on any pixel grid.

Images are built in Fourier space, where all three ingredients have closed forms and
convolution is multiplication, so that fluxes and sub-pixel positions are exact:

- seeing: a Kolmogorov atmosphere, ``exp(-3.44 (k FWHM / 0.976)^(5/3))`` (Fried 1966);
- galaxies: Spergel profiles, ``(1 + (2 pi k r)^2)^-(1 + nu)`` (Spergel 2010, eq. 2);
  ``nu`` = 0.5 is the exponential disc, -0.6 is close to de Vaucouleurs' law;
- a source that moves during the exposure: ``sinc`` of its displacement.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Complexes = npt.NDArray[np.complex128]

# Room around a stamp, so that what wraps round the Fourier grid stays outside it [px].
MARGIN = 20


@dataclass(frozen=True, slots=True)
class Galaxies:
    """Extended sources; every attribute is an array with one entry a galaxy.

    Attributes
    ----------
    x, y : arrays
        Position on the sky, east and north of the object [arcsec].
    flux : array
        Total flux.
    index : array
        Spergel's ``nu``.
    length : array
        Scale length along the major axis [arcsec].
    ratio : array
        Axis ratio, 0 to 1.
    angle : array
        Position angle of the major axis, north over east [rad].
    """

    x: Floats
    y: Floats
    flux: Floats
    index: Floats
    length: Floats
    ratio: Floats
    angle: Floats


@dataclass(frozen=True, slots=True)
class Stars:
    """Point sources: position east and north of the object [arcsec], and flux."""

    x: Floats
    y: Floats
    flux: Floats


@dataclass(frozen=True, slots=True)
class Grid:
    """The pixels that an image is painted on.

    Attributes
    ----------
    side : int
        Pixels a side, margin included.
    oversample : int
        Samples a pixel while painting; 2 where the seeing is hardly sampled, or bright stars would ring.
    x, y : float
        Where the object falls [px], 0 at the centre of the first pixel.
    matrix : tuple of 4 floats
        ``(dx/deast, dx/dnorth, dy/deast, dy/dnorth)`` [px/arcsec].
    """

    side: int
    oversample: int
    x: float
    y: float
    matrix: tuple[float, float, float, float]

    @property
    def pixel_scale(self) -> float:
        """[arcsec/px]."""
        a, b, c, d = self.matrix
        return float(abs(a * d - b * c) ** -0.5)

    def place(self, east: Floats, north: Floats) -> tuple[Floats, Floats]:
        """Return the pixel positions of points given east and north of the object [arcsec]."""
        a, b, c, d = self.matrix
        return self.x + a * east + b * north, self.y + c * east + d * north


@lru_cache(maxsize=16)
def _frequencies(side: int, oversample: int) -> tuple[Floats, Floats, Floats, Floats]:
    """Return frequencies along x and y [cycles/px], ``|k|^(5/3)``, and a pixel's own response."""
    samples = side * oversample
    kx: Floats = np.fft.rfftfreq(samples, 1 / oversample).astype(np.float64)
    ky: Floats = np.fft.fftfreq(samples, 1 / oversample)[:, None].astype(np.float64)
    return kx, ky, np.hypot(kx, ky) ** (5 / 3), np.sinc(kx) * np.sinc(ky)


def _seeing(k53: Floats, fwhm: float) -> Floats:
    """Return the transfer function of a Kolmogorov atmosphere of that FWHM [px]."""
    return np.asarray(np.exp(-3.44 * (fwhm / 0.976) ** (5 / 3) * k53))


def spectrum(grid: Grid, stars: Stars, galaxies: Galaxies | None = None) -> Complexes:
    """Transform a scene, before the atmosphere and the pixels.

    Returns
    -------
    array (samples, samples // 2 + 1)
        For `image`.
    """
    kx, ky, _, _ = _frequencies(grid.side, grid.oversample)
    x, y = grid.place(stars.x, stars.y)
    # All stars at once: the phases of x and y separate.
    total: Complexes = (np.exp(-2j * np.pi * ky * y) * stars.flux) @ np.exp(-2j * np.pi * np.outer(x, kx))
    if galaxies is None:
        return total
    for i in range(len(galaxies.x)):
        x, y = grid.place(galaxies.x[i : i + 1], galaxies.y[i : i + 1])
        angle, length = galaxies.angle[i], galaxies.length[i]
        a, b, c, d = grid.matrix
        along = (a * np.sin(angle) + b * np.cos(angle)) * kx + (c * np.sin(angle) + d * np.cos(angle)) * ky
        across = (a * np.cos(angle) - b * np.sin(angle)) * kx + (c * np.cos(angle) - d * np.sin(angle)) * ky
        stretched = (2 * np.pi * length) ** 2 * (along**2 + (galaxies.ratio[i] * across) ** 2)
        profile = galaxies.flux[i] * (1 + stretched) ** -(1 + galaxies.index[i])
        total += profile * (np.exp(-2j * np.pi * ky * y) * np.exp(-2j * np.pi * kx * x))
    return total


def shifted(grid: Grid, scene: Complexes, x: float, y: float) -> Complexes:
    """Return the spectrum of a scene that is out of place by so much [px]."""
    kx, ky, _, _ = _frequencies(grid.side, grid.oversample)
    return np.asarray(scene * np.exp(-2j * np.pi * ky * y) * np.exp(-2j * np.pi * kx * x))


def moved(grid: Grid, scene: Complexes, east: float, north: float) -> Complexes:
    """Return the spectrum of a scene that moved by so much [arcsec] during the exposure, centred on its middle."""
    if east == north == 0.0:
        return scene
    kx, ky, _, _ = _frequencies(grid.side, grid.oversample)
    a, b, c, d = grid.matrix
    return scene * np.sinc((a * east + b * north) * kx + (c * east + d * north) * ky)


def image(grid: Grid, scene: Complexes, fwhm: float) -> Floats:
    """Show a scene through seeing and pixels, without noise.

    Parameters
    ----------
    fwhm : float
        Seeing [arcsec].

    Returns
    -------
    array (side, side)
        Flux a pixel; the row counts y.
    """
    _, _, k53, pixel = _frequencies(grid.side, grid.oversample)
    samples = grid.side * grid.oversample
    painted = np.fft.irfft2(scene * (pixel * _seeing(k53, fwhm / grid.pixel_scale)), (samples, samples))
    return painted[:: grid.oversample, :: grid.oversample] * float(grid.oversample**2)


def blurred(picture: Floats, pixel_scale: float, fwhm: float, target: float) -> Floats:
    """Show an image of seeing `fwhm` as it would look in the worse seeing `target` [arcsec].

    The kernel that matches two Kolmogorov atmospheres is a third one, of FWHM
    ``(target^(5/3) - fwhm^(5/3))^(3/5)``.
    """
    side = picture.shape[0]
    _, _, k53, _ = _frequencies(side, 1)
    kernel = max(target ** (5 / 3) - fwhm ** (5 / 3), 0.0) ** (3 / 5) / pixel_scale
    return np.fft.irfft2(np.fft.rfft2(picture) * _seeing(k53, kernel), (side, side))


def noise_area(fwhm: float, pixel_scale: float) -> float:
    """Return the pixels whose noise a point source's best flux measurement carries: ``1 / sum(PSF^2)``."""
    # 2 pi int exp(-2 c k^(5/3)) k dk = 2 pi (3/5) gamma(6/5) (2 c)^(-6/5), the squared transfer function's integral
    c = 3.44 * (fwhm / pixel_scale / 0.976) ** (5 / 3)
    return float((2 * c) ** (6 / 5) / (2 * math.pi * 0.6 * math.gamma(1.2)))


def crop(picture: Floats, side: int) -> Floats:
    """Cut out the middle of an image, without its margin."""
    first = (picture.shape[0] - side) // 2
    return picture[first : first + side, first : first + side]
