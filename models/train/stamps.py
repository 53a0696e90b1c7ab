"""Draws the images that `sosia-64` learns from: a science image and its reference, of any survey, field and fault."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from models.simulate import sky
from models.simulate.blemishes import blemish
from models.simulate.sky import Floats
from models.train.scenes import (
    FORMATS,
    Optics,
    Scene,
    draw_grid,
    draw_noise,
    draw_scene,
    draw_sources,
    transfer,
)

FAULTY_SCIENCE, FAULTY_REFERENCE = 0.4, 0.15
WITHOUT_REFERENCE = 0.04
CUBES = 0.12


@dataclass(frozen=True, slots=True, eq=False)
class DrawnPair:
    """One science image and its reference, as a survey would cut them.

    Attributes
    ----------
    format : str
        Key of `FORMATS`.
    science : float32 array (bands, side, side)
        NaN where pixels are missing.
    reference : float32 array (bands, side, side) or None
    x, y : float
        The object's place [px], 0 at the centre of the first pixel.
    matrix : tuple of 4 floats
        ``(dx/dright, dx/dup, dy/dright, dy/dup)`` [px/arcsec] of the sky frame.
    """

    format: str
    science: npt.NDArray[np.float32]
    reference: npt.NDArray[np.float32] | None
    x: float
    y: float
    matrix: tuple[float, float, float, float]


def draw_pair(rng: np.random.Generator) -> DrawnPair:
    """Draw one pair; the same state of the generator gives the same pair."""
    shares = np.array([one.share for one in FORMATS.values()])
    name = str(rng.choice(list(FORMATS), p=shares / shares.sum()))
    one = FORMATS[name]
    side = int(rng.integers(one.smallest, one.largest + 1)) if rng.random() < 0.5 else one.smallest
    bands = 1 if name in {"ztf", "lsst"} or rng.random() > 3 * CUBES else int(rng.choice([2, 3], p=[0.2, 0.8]))
    seeing = one.seeing * 10 ** rng.normal(0, 0.1)
    fwhm = max(seeing / one.pixel_scale, 1.2)
    grid, x, y, matrix = draw_grid(one, side, fwhm, rng)
    sources = draw_sources(grid, side, fwhm, rng)
    colour = rng.normal(0, 0.25)
    optics = _optics(fwhm, rng), _optics(fwhm * 10 ** rng.normal(-0.06, 0.07), rng)
    noise = min(max(10 ** rng.normal(-0.5, 0.25), 0.05), 1.5)
    gain = 10 ** rng.uniform(-3, -0.5)
    change = _change(fwhm, rng)
    spoilt = rng.random(2) < (FAULTY_SCIENCE, FAULTY_REFERENCE)
    recipe = int(rng.integers(2**32))  # all bands have the same fault
    images: tuple[list[Floats], list[Floats]] = ([], [])
    for band in range(bands):
        scene = draw_scene(grid, sources, 10 ** (colour * (band - (bands - 1) / 2)), rng if bands > 1 else None)
        transparency = rng.choice([1.0, np.exp(rng.normal(0, 0.3))])
        images[0].append(_expose(scene, optics[0], change, transparency, 1.0, gain, rng))
        images[1].append(_expose(scene, optics[1], 0.0, 1.0, noise, gain * noise**2, rng))
    for which in (0, 1):
        if spoilt[which]:
            unit = (1.0, noise)[which]
            images[which][:] = [
                blemish(image / unit, np.random.default_rng([recipe, which]), optics[which].fwhm) * unit
                for image in images[which]
            ]
    science, reference = (np.stack([sky.crop(image, side) for image in one]).astype(np.float32) for one in images)
    return DrawnPair(name, science, None if rng.random() < WITHOUT_REFERENCE else reference, x, y, matrix)


def _optics(fwhm: float, rng: np.random.Generator) -> Optics:
    bad = rng.random()
    return Optics(
        fwhm=fwhm * (rng.uniform(1.3, 3.0) if rng.random() < 0.04 else 1.0),
        slope=rng.choice([5 / 3, rng.uniform(1.3, 2.0)]),
        ellipticity=min(abs(rng.normal(0, 0.07)), 0.4),
        angle=rng.uniform(0, np.pi),
        smear=fwhm * rng.uniform(1, 5) if bad < 0.04 else 0.0,
        donut=fwhm * rng.uniform(0.8, 4) if bad > 0.97 else 0.0,
    )


def _change(fwhm: float, rng: np.random.Generator) -> float:
    """Draw how much the object in the middle changed since the reference: none to hundreds of sigma."""
    if rng.random() < 0.25:
        return 0.0
    peak = 10 ** rng.uniform(0.0, 2.5) * rng.choice([1.0, -1.0], p=[0.75, 0.25])
    return float(peak * 1.13 * fwhm**2)


def _expose(
    scene: Scene,
    optics: Optics,
    change: float,
    transparency: float,
    noise: float,
    gain: float,
    rng: np.random.Generator,
) -> Floats:
    """Show a scene through atmosphere, optics and detector."""
    flux = max(scene.quiescent + change, 0.1 * scene.quiescent)
    grid, spectrum = scene.grid, scene.still + flux * scene.point
    if rng.random() < 0.04:  # registration failed
        spectrum = sky.shifted(grid, spectrum, *rng.normal(0, 1.5 * optics.fwhm, 2))
    samples = grid.side * grid.oversample
    seen = np.fft.irfft2(spectrum * transfer(grid, optics), (samples, samples))
    image = transparency * seen[:: grid.oversample, :: grid.oversample] * float(grid.oversample**2)
    image = image + draw_noise(image.shape, rng) * np.sqrt(noise**2 + np.maximum(image, 0.0) * gain)
    if rng.random() < 0.15:
        full = 10 ** rng.uniform(1.8, 4.2)
        image[image > full] = np.nan if rng.random() < 0.15 else full
    if rng.random() < 0.2:
        image = image + noise * rng.normal(0, 2) * np.linspace(-1, 1, len(image))[:: rng.choice([-1, 1]), None]
    return np.asarray(image)
