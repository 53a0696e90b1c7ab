"""Draws what the epoch network learns from: science images with and without a fault, beside their references.

What the sky does by itself is no fault: another seeing, a source at the alert's place that brightens, fades, moves a
little or is new, an artefact that the reference has as well, or has alone. A faulty image and the good one that it
would have been share one noise, so that a fault's strength is known exactly.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from models.simulate import sky
from models.simulate.blemishes import blemish
from models.simulate.sky import Complexes, Floats, Grid
from models.train.scenes import (
    FORMATS,
    MARGIN,
    Format,
    Optics,
    Scene,
    draw_grid,
    draw_noise,
    draw_scene,
    draw_sources,
    transfer,
)
from models.train.stamps import DrawnPair

FAULTY = 0.5
"""Of the science images."""

SHARED_BLEMISH, REFERENCE_BLEMISH = 0.12, 0.08
"""Of the pairs whose both images, or whose reference alone, have a blemish that makes no science image faulty."""

LOST = 0.12
"""Of the science images that lack pixels, and say so."""

#: What light does before it reaches a detector, and how often, beside one share for each painted blemish.
OPTICAL = {"defocus": 1.5, "tracking": 1.5, "registration": 2.0, "cloud": 2.5}

#: Blemishes of `models.simulate.blemishes` that make an epoch problematic; compact ones are easily missed.
PAINTED = {
    "bleeding": 1.0,
    "cosmic rays": 2.0,
    "crosstalk": 2.0,
    "detector edge": 1.0,
    "fringes": 0.7,
    "ghost": 2.0,
    "gradient": 1.5,
    "hot pixels": 0.7,
    "lines": 2.0,
    "lost pixels": 0.4,
    "moving object": 2.0,
    "spikes": 0.7,
    "step": 0.7,
    "banding": 0.5,
    "trail": 2.0,
}

#: Blemishes that stay where they are from one exposure to the next.
LASTING = ("bleeding", "ghost", "lines", "spikes", "detector edge", "lost pixels")

#: A source is the alert's own, whatever it does, up to so far from its place [FWHM]; see `broker.comparison.REACH`.
REACH = 2.0

LIKE_A_CHANGE = ("cloud", "registration")
"""Where nothing but the object shows it, the one is an object that faded and the other one that moved: no faults."""

FAINTEST_TOLD = 7.0
"""S/N below which a fault is neither taught as one nor as a good image."""

FAINTEST, STRONGEST = 4.0, 2000.0
"""S/N between which painted faults are drawn, evenly in the logarithm."""


@dataclass(frozen=True, slots=True, eq=False)
class DrawnEpoch:
    """One epoch beside its reference.

    Attributes
    ----------
    pair : DrawnPair
    seeing : float
        FWHM as a packet would tell it [arcsec].
    fault : str or None
        What is wrong with the science image.
    fault_snr : float
        Root of the sum of ((bad - good) / sigma)^2 over the sky frame; 0 for a good image.
    beyond_snr : float
        The same beyond the object's own place.
    """

    pair: DrawnPair
    seeing: float
    fault: str | None
    fault_snr: float
    beyond_snr: float

    @property
    def ambiguous(self) -> bool:
        """Whether nobody could tell the fault from a good image, or from what the object itself may do."""
        if self.fault is None:
            return False
        return (self.beyond_snr if self.fault in LIKE_A_CHANGE else self.fault_snr) < FAINTEST_TOLD


def draw_epoch(rng: np.random.Generator) -> DrawnEpoch:
    """Draw one epoch; the same state of the generator gives the same epoch."""
    shares = np.array([one.share for one in FORMATS.values()])
    name = str(rng.choice(list(FORMATS), p=shares / shares.sum()))
    one = FORMATS[name]
    side = int(rng.integers(one.smallest, one.largest + 1)) if rng.random() < 0.5 else one.smallest
    fwhm = max(one.seeing * 10 ** rng.normal(0, 0.1) / one.pixel_scale, 1.2)
    grid, x, y, matrix = draw_grid(one, side, fwhm, rng)
    scene = draw_scene(grid, draw_sources(grid, side, fwhm, rng), 1.0, None)
    sharp = fwhm * (rng.uniform(0.55, 2.6) if rng.random() < 0.15 else 10 ** rng.normal(0, 0.06))
    optics = _good_optics(sharp, rng)
    reference_optics = _good_optics(fwhm * 10 ** rng.normal(-0.06, 0.08), rng)
    noise = min(max(10 ** rng.normal(-0.5, 0.25), 0.05), 1.2)
    gain = 10 ** rng.uniform(-3, -0.5)

    still = scene.still + scene.quiescent * scene.point
    changed = scene.still + _changed_source(scene, fwhm, rng)
    # Zero points differ, and registration is a matter of tenths of a pixel.
    scale = 10 ** (rng.normal(0, 0.03) if rng.random() < 0.6 else rng.uniform(-0.16, 0.16))
    dither = rng.normal(0, (0.06 if rng.random() < 0.6 else 0.15) * fwhm, 2)
    science = _Exposed(grid, sky.shifted(grid, changed, *dither) * scale, optics)
    reference = _noisy(_Exposed(grid, still, reference_optics).light(), noise, gain * noise**2, rng)

    good, bad, kind = _science(science, gain, rng)
    good, bad, reference = _innocent_blemishes(good, bad, reference, noise, sharp, rng)
    good, bad, reference = (sky.crop(image, side) for image in (good, bad, reference))
    change, seen = np.nan_to_num(bad - good), _in_frame(one, side, x, y, matrix)
    snr, beyond = (float(np.linalg.norm(change[seen & _beyond(side, x, y, far)])) for far in (0.0, REACH * sharp))
    if kind and (np.isnan(bad) & ~np.isnan(good)).any():
        kind, snr, beyond = None, 0.0, 0.0  # lost pixels that say so are no fault
    pair = DrawnPair(name, bad.astype(np.float32)[None], reference.astype(np.float32)[None], x, y, matrix)
    told = one.seeing if rng.random() < 0.5 else sharp * one.pixel_scale
    return DrawnEpoch(pair, float(told), kind, snr, beyond)


def _in_frame(
    one: Format, side: int, x: float, y: float, matrix: tuple[float, float, float, float]
) -> npt.NDArray[np.bool_]:
    """Which of a stamp's pixels the sky frame shows: a fault beside it is none of the epoch that is looked at."""
    row, column = np.mgrid[:side, :side].reshape(2, -1)
    sky_position = np.linalg.inv(np.reshape(matrix, (2, 2))) @ np.stack([column - x, row - y])
    inside = np.abs(sky_position).max(axis=0) < one.frame_side * one.frame_scale / 2
    return np.asarray(inside.reshape(side, side))


def _beyond(side: int, x: float, y: float, far: float) -> npt.NDArray[np.bool_]:
    row, column = np.mgrid[:side, :side]
    return np.asarray(np.hypot(row - y, column - x) >= far)


@dataclass(frozen=True, slots=True, eq=False)
class _Exposed:
    """A sky on its way through atmosphere and optics."""

    grid: Grid
    spectrum: Complexes
    optics: Optics

    def light(self) -> Floats:
        """Image without noise [sigma of the science image's sky]."""
        samples = self.grid.side * self.grid.oversample
        seen = np.fft.irfft2(self.spectrum * transfer(self.grid, self.optics), (samples, samples))
        pixels = seen[:: self.grid.oversample, :: self.grid.oversample] * float(self.grid.oversample**2)
        return np.asarray(pixels)


def _good_optics(fwhm: float, rng: np.random.Generator) -> Optics:
    slope = rng.choice([5 / 3, rng.uniform(1.3, 2.0)])
    return Optics(fwhm, slope, min(abs(rng.normal(0, 0.06)), 0.25), rng.uniform(0, np.pi), smear=0.0, donut=0.0)


def _changed_source(scene: Scene, fwhm: float, rng: np.random.Generator) -> Complexes:
    """Draw what the alert's own source has become: any flux, a little out of place, or trailed."""
    area = 1.13 * fwhm**2
    kind = rng.choice(["same", "brighter", "fainter", "moved", "trailed"], p=[0.2, 0.44, 0.22, 0.07, 0.07])
    peak = 10 ** rng.uniform(0.2, 2.6) * area
    if kind == "same":
        return scene.quiescent * scene.point
    if kind == "fainter":
        return max(scene.quiescent - peak, scene.quiescent * rng.uniform(0.0, 0.9)) * scene.point
    if kind == "moved":
        moved = sky.shifted(scene.grid, scene.point, *rng.normal(0, 0.25 * fwhm, 2))
        return np.asarray((scene.quiescent + peak * rng.choice([0, 1])) * moved)
    if kind == "brighter":
        offset = rng.normal(0, 0.15, 2) if rng.random() < 0.8 else rng.uniform(-1.2, 1.2, 2)
        return scene.quiescent * scene.point + peak * sky.shifted(scene.grid, scene.point, *offset * fwhm)
    angle, length = rng.uniform(0, 2 * np.pi), rng.uniform(0.3, 0.9 * REACH) * fwhm
    steps = np.linspace(-0.5, 0.5, 9) * length
    trail = sum(sky.shifted(scene.grid, scene.point, s * np.cos(angle), s * np.sin(angle)) for s in steps) / len(steps)
    return scene.quiescent * scene.point + peak * trail


def _science(exposed: _Exposed, gain: float, rng: np.random.Generator) -> tuple[Floats, Floats, str | None]:
    """Expose the science image: as it would be good, as it is, and what is wrong with it."""
    light = exposed.light()
    unit = draw_noise(light.shape, rng)

    def noisy(image: Floats) -> Floats:
        return image + unit * np.sqrt(1.0 + np.maximum(image, 0.0) * gain)

    good = noisy(light)
    full = 10 ** rng.uniform(2.0, 4.2) if rng.random() < 0.12 else np.inf
    good = np.minimum(good, full)
    if rng.random() > FAULTY:
        return good, good, None
    weights = {**OPTICAL, **PAINTED}
    kind = str(rng.choice(list(weights), p=np.array(list(weights.values())) / sum(weights.values())))
    if kind in OPTICAL:
        return good, np.minimum(noisy(_misled(kind, exposed, light, rng)), full), kind
    return good, _painted(kind, good, exposed, rng), kind


def _misled(kind: str, exposed: _Exposed, light: Floats, rng: np.random.Generator) -> Floats:
    fwhm, optics, angle = exposed.optics.fwhm, exposed.optics, rng.uniform(0, 2 * np.pi)
    if kind == "defocus":
        return replace(exposed, optics=replace(optics, donut=fwhm * rng.uniform(0.7, 4))).light()
    if kind == "tracking":
        return replace(exposed, optics=replace(optics, smear=fwhm * rng.uniform(0.8, 6), angle=angle)).light()
    if kind == "registration":
        jump = fwhm * rng.uniform(0.5, 3.0) * np.array([np.cos(angle), np.sin(angle)])
        return replace(exposed, spectrum=sky.shifted(exposed.grid, exposed.spectrum, *jump)).light()
    return np.asarray(light * 10 ** (-0.4 * rng.uniform(0.5, 3.0)))


def _painted(kind: str, good: Floats, exposed: _Exposed, rng: np.random.Generator) -> Floats:
    """Paint a blemish; what shines by itself is then made as strong as was drawn."""
    fwhm = exposed.optics.fwhm
    bad = blemish(good, rng, fwhm, kind)
    if kind == "moving object" and rng.random() < 0.5:
        bad = good + _crossing(exposed.grid, fwhm, rng)
    change = bad - good
    if kind in {"detector edge", "lost pixels", "bleeding", "spikes"} or not np.isfinite(change).all():
        return bad
    strength = np.sqrt((change**2).sum())
    wanted = np.exp(rng.uniform(np.log(FAINTEST), np.log(STRONGEST)))
    return np.asarray(good + change * min(wanted / max(strength, 1e-9), 30.0))


def _crossing(grid: Grid, fwhm: float, rng: np.random.Generator) -> Floats:
    """Draw a point or a short trail that is not the alert's: over `REACH` away from its place."""
    y, x = np.mgrid[: grid.side, : grid.side].astype(float)
    angle = rng.uniform(0, 2 * np.pi)
    away = rng.uniform(1.1 * REACH * fwhm, max(0.65 * grid.side, 1.3 * REACH * fwhm))
    x, y = x - grid.x - away * np.cos(angle), y - grid.y - away * np.sin(angle)
    turn, half = rng.uniform(0, np.pi), fwhm * rng.choice([0.0, rng.uniform(0, 2)])
    across, along = x * np.sin(turn) - y * np.cos(turn), x * np.cos(turn) + y * np.sin(turn)
    beyond = np.maximum(np.abs(along) - half, 0.0)
    return np.asarray(np.exp(-0.5 * (across**2 + beyond**2) / (fwhm / 2.355) ** 2))


def _noisy(light: Floats, noise: float, gain: float, rng: np.random.Generator) -> Floats:
    return np.asarray(light + draw_noise(light.shape, rng) * np.sqrt(noise**2 + np.maximum(light, 0.0) * gain))


def _innocent_blemishes(
    good: Floats, bad: Floats, reference: Floats, noise: float, fwhm: float, rng: np.random.Generator
) -> tuple[Floats, Floats, Floats]:
    """Add what makes no science image faulty: lasting artefacts, a spoilt reference, declared loss, slight slopes."""
    recipe = int(rng.integers(2**32))
    fate = rng.random()
    if fate < SHARED_BLEMISH:
        kind = str(rng.choice(LASTING))

        def lasting(image: Floats, unit: float) -> Floats:
            return blemish(image / unit, np.random.default_rng(recipe), fwhm, kind) * unit

        good, bad, reference = lasting(good, 1.0), lasting(bad, 1.0), lasting(reference, noise)
    elif fate < SHARED_BLEMISH + REFERENCE_BLEMISH:
        reference = blemish(reference / noise, np.random.default_rng(recipe), fwhm) * noise
    if rng.random() < LOST:
        rows, columns = np.mgrid[: len(good), : len(good)]
        inwards = (rows, columns, len(good) - 1 - rows, len(good) - 1 - columns)[rng.integers(4)]
        lost = inwards < MARGIN + rng.uniform(0.0, 0.35) * len(good)
        good, bad = np.where(lost, np.nan, good), np.where(lost, np.nan, bad)
        if rng.random() < 0.3:
            reference = np.where(lost, np.nan, reference)
    if rng.random() < 0.3:
        slope = rng.normal(0, 0.25) * np.linspace(-1, 1, len(good))
        slope = slope[:, None] if rng.random() < 0.5 else slope[None]
        good, bad = good + slope, bad + slope
    return good, bad, reference
