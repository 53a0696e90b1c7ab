"""Exposes a scene: through one night's conditions, with a fault or without, and with the same noise in both."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from models.simulate.worlds.detector_faults import DETECTOR_FAULTS
from models.simulate.worlds.faults import KINDS
from models.simulate.worlds.light_faults import LIGHT_FAULTS
from models.simulate.worlds.optics import BLURS, CLOUD, cloud, seeing

if TYPE_CHECKING:
    from collections.abc import Callable

    import galsim

    from models.simulate.worlds.canvas import Canvas
    from models.simulate.worlds.instrument import Instrument
    from models.simulate.worlds.observed import Complexes, Floats

FLAT_ERROR = 0.01
"""Of the flat field, from pixel to pixel."""

BACKGROUND_ERROR = 0.05
"""Of a subtracted background, in units of the sky noise."""

DITHER = 0.07
"""Scatter of the registration along each axis [px]."""

STACKED = 20, 40
"""Epochs in a reference."""

OWN_PLACE = 2.0
"""What lies nearer to an object's place belongs to it [FWHM]."""

FAINTEST_FAULT = 3.0
"""S/N below which a fault changes nothing that anyone could see, and the epoch is no bad one."""

TRIES = 20
"""Draws of one kind of fault before another kind is tried."""


@dataclass(frozen=True, slots=True, eq=False)
class Scene:
    """What is in the sky.

    Attributes
    ----------
    canvas : Canvas
    still : complex array
        Spectrum of all that lasts.
    varying : complex array
        Spectrum of the source that may vary, of unit flux.
    """

    canvas: Canvas
    still: Complexes
    varying: Complexes


@dataclass(frozen=True, slots=True, eq=False)
class Conditions:
    """What an exposure is taken under.

    Attributes
    ----------
    transfer : complex array
        Spectrum of the point-spread function with the pixels' response, shifted by the dither.
    fwhm : float
        Of point sources [px].
    sigma : float
        Sky noise a pixel.
    gain : float
        Photons a unit of flux.
    transparency : float
        Factor on the flux of all sources.
    background : float
        What is left of the sky in every pixel.
    """

    transfer: Complexes
    fwhm: float
    sigma: float
    gain: float
    transparency: float
    background: float

    def variance(self, sources: Floats) -> Floats:
        """Return the noise's variance: of the sky, of the sources' photons, and of the flat field."""
        bright = np.maximum(sources, 0)
        return self.sigma**2 + bright / self.gain + (FLAT_ERROR * bright) ** 2


@dataclass(frozen=True, slots=True, eq=False)
class Shot:
    """A good exposure, and all that it takes to repeat it with a fault.

    Attributes
    ----------
    scene : Scene
    conditions : Conditions
    flux : float
        Of the varying source.
    deviates : array (side, side)
        Normal deviates: the noise, but for its amplitude.
    light : array (side, side)
        The image without noise.
    image : array (side, side)
    """

    scene: Scene
    conditions: Conditions
    flux: float
    deviates: Floats
    light: Floats
    image: Floats

    def change_snr(self) -> float:
        """Root of the sum of squares of what the varying source adds, over the sky noise."""
        if self.flux == 0:
            return 0.0
        added = self.scene.canvas.image(self.scene.varying * self.conditions.transfer)
        return float(np.linalg.norm(added) * abs(self.flux) * self.conditions.transparency / self.conditions.sigma)

    def fault_snr(self, bad: Floats, beyond: float = 0.0) -> float:
        """Root of the sum of squares of what a fault changed so far [px] from the place, over the sky noise."""
        return self.scene.canvas.norm(bad - self.image, beyond) / self.conditions.sigma


@dataclass(frozen=True, slots=True, eq=False)
class Spoilt:
    """The image of a bad epoch, its kind of fault, and the fault's S/N: whole, and beyond the object's own place."""

    image: Floats
    kind: str
    snr: float
    snr_beyond: float


def compose(canvas: Canvas, still: list[galsim.GSObject], varying: galsim.GSObject) -> Scene:
    """Draw the scene, once for all exposures."""
    import galsim

    lasting = canvas.spectrum(galsim.Sum(still)) if still else 0 * canvas.spectrum(varying)
    return Scene(canvas, lasting, canvas.spectrum(varying))


def conditions(
    instrument: Instrument,
    canvas: Canvas,
    rng: np.random.Generator,
    *,
    fwhm: float,
    transparency: float,
    sky: float | None = None,
    stacked: int = 1,
) -> Conditions:
    """Draw what an exposure, or a stack of several, is taken under.

    Parameters
    ----------
    fwhm : float
        Seeing ["].
    sky : float, optional
        Its brightness [mag/arcsec^2]; drawn where not given.
    """
    import galsim

    if sky is None:
        sky = rng.uniform(instrument.brightest, instrument.darkest)
    dither = rng.normal(0, DITHER * instrument.pixel_scale, 2)
    psf = galsim.Convolve(seeing(rng, fwhm).shift(*dither), galsim.Pixel(instrument.pixel_scale))
    sigma = instrument.sigma(sky) / np.sqrt(stacked)
    left = BACKGROUND_ERROR * sigma * rng.normal() if instrument.subtracted else instrument.background(sky)
    return Conditions(
        transfer=canvas.spectrum(psf),
        fwhm=float(np.hypot(fwhm / instrument.pixel_scale, 2.355 / np.sqrt(12))),  # the pixel's own width
        sigma=float(sigma),
        gain=instrument.gain * stacked,
        transparency=transparency,
        background=float(left),
    )


def draw_seeing(instrument: Instrument, rng: np.random.Generator) -> float:
    """Draw a night's FWHM ["]."""
    drawn = instrument.seeing * 10 ** rng.normal(0, instrument.seeing_scatter)
    return float(np.clip(drawn, instrument.sharpest, instrument.broadest))


def stack(instrument: Instrument, scene: Scene, rng: np.random.Generator, fwhm: float) -> Shot:
    """Take the reference: as deep as 20 to 40 epochs of median sky, before anything changed."""
    stacked = int(rng.integers(STACKED[0], STACKED[1] + 1))
    under = conditions(
        instrument, scene.canvas, rng, fwhm=fwhm, transparency=1.0, sky=instrument.median_sky, stacked=stacked
    )
    return take(scene, under, 0.0, rng)


def take(scene: Scene, under: Conditions, flux: float, rng: np.random.Generator) -> Shot:
    """Take a good exposure."""
    deviates = rng.standard_normal((scene.canvas.side, scene.canvas.side))
    light = _light(scene, under, flux)
    return Shot(scene, under, flux, deviates, light, _exposed(light, deviates, under))


def spoil(shot: Shot, rng: np.random.Generator, accept: Callable[[Floats], bool]) -> Spoilt | None:
    """Repeat a good exposure with a fault.

    Parameters
    ----------
    accept : callable
        Says of a bad image whether the survey would send it.

    Returns
    -------
    Spoilt or None
        None where no kind of fault was accepted.
    """
    for kind in rng.permutation(KINDS):
        for _ in range(TRIES):
            bad = spoilt_image(shot, str(kind), rng)
            snr = shot.fault_snr(bad)
            if snr > FAINTEST_FAULT and accept(bad):
                beyond = shot.fault_snr(bad, OWN_PLACE * shot.conditions.fwhm)
                return Spoilt(bad, str(kind), snr, beyond)
    return None


def spoilt_image(shot: Shot, kind: str, rng: np.random.Generator) -> Floats:
    """Repeat a good exposure with a fault of a kind, and the same noise."""
    under, light = shot.conditions, shot.light
    if kind in BLURS:
        scale = shot.scene.canvas.pixel_scale
        blur = shot.scene.canvas.spectrum(BLURS[kind](rng, under.fwhm * scale))
        light = _light(shot.scene, replace(under, transfer=under.transfer * blur), shot.flux)
    elif kind == CLOUD:
        light = _light(shot.scene, replace(under, transparency=under.transparency * cloud(rng)), shot.flux)
    elif kind in LIGHT_FAULTS:
        light = light + LIGHT_FAULTS[kind]((light.shape[0], light.shape[1]), rng, under.sigma, under.fwhm)
    exposed = _exposed(light, shot.deviates, under)
    return DETECTOR_FAULTS[kind](exposed, rng, under.sigma, under.fwhm) if kind in DETECTOR_FAULTS else exposed


def _light(scene: Scene, under: Conditions, flux: float) -> Floats:
    seen = scene.canvas.image((scene.still + flux * scene.varying) * under.transfer)
    return under.transparency * seen + under.background


def _exposed(light: Floats, deviates: Floats, under: Conditions) -> Floats:
    return light + deviates * np.sqrt(under.variance(light - under.background))
