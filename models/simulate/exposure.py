"""One alert's three stamps: exposure, reference, and their difference."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from models.simulate import faults, sky
from models.simulate.camera import Camera
from models.simulate.night import Epoch, Kind, Object
from models.simulate.sky import Floats, Grid, Stars


@dataclass(frozen=True, slots=True, eq=False)
class Stamps:
    """What a camera saw at one alert.

    Attributes
    ----------
    science, reference, difference : float32 arrays (side, side)
        The difference is the exposure minus the reference brought to its seeing; NaN where
        there are no pixels.
    science_variance, reference_variance : float32 arrays (side, side)
        Noise expected in the two.
    psf : array (41, 41)
        The exposure's point-spread function, of unit sum.
    x, y : float
        Where the source lies in the stamp [px], 0 at the centre of the first pixel.
    matrix : tuple of 4 floats
        ``(dx/deast, dx/dnorth, dy/deast, dy/dnorth)`` [px/arcsec].
    flux, flux_error : float
        The change that was measured, negative where the source faded [units of the pixels].
    """

    science: npt.NDArray[np.float32]
    reference: npt.NDArray[np.float32]
    difference: npt.NDArray[np.float32]
    science_variance: npt.NDArray[np.float32]
    reference_variance: npt.NDArray[np.float32]
    psf: Floats
    x: float
    y: float
    matrix: tuple[float, float, float, float]
    flux: float
    flux_error: float

    @property
    def snr(self) -> float:
        """Signal-to-noise ratio of the change, never negative."""
        return abs(self.flux) / self.flux_error


def expose(camera: Camera, epoch: Epoch, rng: np.random.Generator) -> Stamps:
    """Take the pictures of one alert.

    Parameters
    ----------
    camera : Camera
        Who looks.
    epoch : Epoch
        At what, when and with which fault.
    rng : Generator
        Decides noise and the details of the fault.
    """
    one, visit, fault = epoch.object, epoch.visit, epoch.fault
    side = _side(camera, rng) if one.host is None else min(camera.largest_side, len(one.host.pixels))
    grid = _grid(camera, side, visit.rotation, rng.uniform(-0.5, 0.5, 2))
    shift = faults.shift(fault, rng, visit.seeing / camera.pixel_scale)
    point = sky.spectrum(grid, _point(1.0))
    source = sky.moved(grid, point, *one.motion)
    area = sky.noise_area(visit.seeing, camera.pixel_scale)
    if one.kind is Kind.STREAK:
        trail = sky.image(grid, source, visit.seeing)
        area = float(trail.sum() ** 2 / np.square(trail).sum())
    flux_error = camera.sky_noise * area**0.5
    flux = max(epoch.significance * flux_error, -0.8 * one.quiescent)

    still = sky.spectrum(grid, one.stars, one.galaxies)
    stacked = sky.image(grid, still + one.quiescent * point, camera.reference_seeing)
    stacked = stacked + _host(one, grid, camera.reference_seeing)
    scene = still + (one.quiescent + flux) * source
    exposed = sky.image(grid, sky.shifted(grid, scene, *shift), visit.seeing)
    exposed = (exposed + _host(one, grid, visit.seeing)) * faults.transparency(fault, rng)

    science_variance = camera.sky_noise**2 + np.maximum(exposed, 0.0) / camera.gain
    reference_variance = camera.reference_noise**2 + np.maximum(stacked, 0.0) / camera.gain / 20
    science = exposed + rng.standard_normal(exposed.shape) * np.sqrt(science_variance)
    science = faults.spoil(
        science, fault, rng, sigma=camera.sky_noise, fwhm=visit.seeing / camera.pixel_scale, side=side
    )
    reference = stacked + rng.standard_normal(stacked.shape) * np.sqrt(reference_variance)
    matched = sky.blurred(reference, camera.pixel_scale, camera.reference_seeing, visit.seeing)

    beyond = faults.missing(fault, rng, side)
    first = (grid.side - side) // 2
    return Stamps(
        science=_stamp(science + camera.background, side, beyond),
        reference=_stamp(reference + camera.background, side, beyond),
        difference=_stamp(science - matched, side, beyond),
        science_variance=_stamp(science_variance, side, slice(0, 0)),
        reference_variance=_stamp(reference_variance, side, slice(0, 0)),
        psf=_psf(camera, visit.seeing),
        x=grid.x - first,
        y=grid.y - first,
        matrix=grid.matrix,
        flux=float(flux + flux_error * rng.normal()),
        flux_error=flux_error,
    )


def _host(one: Object, grid: Grid, seeing: float) -> Floats:
    """Show the painted host, if there is one, in the middle of the grid."""
    shown = np.zeros((grid.side, grid.side))
    if one.host is None:
        return shown
    pixels = sky.crop(one.host.pixels, min(len(one.host.pixels), grid.side))
    first = (grid.side - len(pixels)) // 2
    shown[first : first + len(pixels), first : first + len(pixels)] = pixels
    return sky.blurred(shown, grid.pixel_scale, one.host.fwhm, seeing)


def _point(flux: float) -> Stars:
    return Stars(np.zeros(1), np.zeros(1), np.array([flux]))


def _side(camera: Camera, rng: np.random.Generator) -> int:
    """Most stamps are as small as they may be; those of large sources are larger."""
    more = 0 if rng.random() < 0.6 else round(rng.exponential(12))
    return min(camera.smallest_side + more, camera.largest_side)


def _grid(camera: Camera, side: int, rotation: float, dither: Floats) -> Grid:
    painted = side + 2 * sky.MARGIN
    painted += -painted % 16  # a few sizes only: their Fourier grids are made once, and transform fast
    c, s = np.cos(np.radians(rotation)) / camera.pixel_scale, np.sin(np.radians(rotation)) / camera.pixel_scale
    up = -1 if camera.rows_south else 1
    middle = (painted - side) // 2 + (side - 1) / 2
    return Grid(
        side=painted,
        oversample=camera.oversample,
        x=middle + float(dither[0]),
        y=middle + float(dither[1]),
        matrix=(-float(c), float(s), up * float(s), up * float(c)),
    )


def _stamp(picture: Floats, side: int, beyond: slice) -> npt.NDArray[np.float32]:
    stamp = sky.crop(picture, side).astype(np.float32)
    stamp[:, beyond] = np.nan
    return stamp


def _psf(camera: Camera, seeing: float) -> Floats:
    grid = Grid(41, 1, 20.0, 20.0, (1 / camera.pixel_scale, 0.0, 0.0, 1 / camera.pixel_scale))
    psf = sky.image(grid, sky.spectrum(grid, _point(1.0)), seeing)
    return np.asarray(psf / psf.sum())
