"""The monitoring world: every visit of a VST-like survey to objects of which a third vary."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from models.simulate.worlds.exposing import compose, conditions, draw_seeing, spoil, stack, take
from models.simulate.worlds.field import field
from models.simulate.worlds.instrument import VST
from models.simulate.worlds.observed import Exposure, Observed
from models.simulate.worlds.targets import draw_kind, draw_target

if TYPE_CHECKING:
    from collections.abc import Iterator

    from models.simulate.worlds.targets import Kind

BAD = 0.075
SEEING_EXTREMES = 0.03
PARTLY_MISSING, MOSTLY_MISSING = 0.03, 0.01
BRIGHTEST, FAINTEST = 17.0, 23.5

SHARES: dict[Kind, float] = {
    ("star", None): 0.2,
    ("galaxy", None): 0.3,
    ("agn host", None): 0.15,
    ("star", "variable star"): 0.08,
    ("agn host", "agn"): 0.11,
    ("galaxy", "supernova hosted"): 0.09,
    ("nothing", "supernova hostless"): 0.07,
}
"""Of the kinds of object: a third varies."""


def monitoring(objects: int, seed: int, epochs: tuple[int, int] = (10, 60), bad: float = BAD) -> Iterator[Observed]:
    """Simulate a monitoring survey.

    Parameters
    ----------
    objects : int
    seed : int
        Each object has a generator of its own: the first ones of a longer run are the same.
    epochs : (int, int)
        Fewest and most an object.
    bad : float
        Share of bad epochs.

    Yields
    ------
    Observed
    """
    for number in range(objects):
        rng = np.random.default_rng([seed, number, 1])
        yield _observe(f"monitoring-{seed}-{number}", rng, int(rng.integers(epochs[0], epochs[1] + 1)), bad)


def _observe(name: str, rng: np.random.Generator, epochs: int, bad: float) -> Observed:
    side = VST.largest
    x, y = (side - 1) / 2 + rng.uniform(-0.5, 0.5, 2)
    canvas = VST.canvas(side, float(x), float(y))
    mjd = 60000 + np.cumsum(rng.exponential(4.0, epochs))
    kind = draw_kind(SHARES, rng)
    target = draw_target(VST, kind, rng.uniform(BRIGHTEST, FAINTEST), mjd, rng)
    scene = compose(canvas, field(VST, rng) + target.lasting, target.varying.shift(*target.offset))
    seeings = [_seeing(rng) for _ in mjd]
    exposures = []
    for when, gained, (fwhm, extreme) in zip(mjd, target.gained, seeings, strict=True):
        under = conditions(VST, canvas, rng, fwhm=fwhm, transparency=float(np.exp(rng.normal(0, 0.03))))
        shot = take(scene, under, float(gained), rng)
        exposure = Exposure(
            science=shot.image.astype(np.float32),
            mjd=float(when),
            fwhm=under.fwhm,
            sigma=under.sigma,
            change=kind[1] if gained else None,
            change_snr=shot.change_snr(),
            extreme=extreme,
        )
        spoilt = spoil(shot, rng, lambda _: True) if rng.random() < bad else None
        if spoilt:
            science = spoilt.image.astype(np.float32)
            exposure = replace(
                exposure,
                science=science,
                fault=spoilt.kind,
                fault_snr=spoilt.snr,
                fault_snr_beyond=spoilt.snr_beyond,
            )
        else:
            exposure = _with_missing(exposure, rng)
        exposures.append(exposure)
    reference = stack(VST, scene, rng, float(np.median([fwhm for fwhm, _ in seeings])))
    return Observed(
        name, VST.name, VST.pixel_scale, canvas.x, canvas.y, reference.image.astype(np.float32), tuple(exposures)
    )


def _seeing(rng: np.random.Generator) -> tuple[float, str | None]:
    if rng.random() < SEEING_EXTREMES:
        return float(rng.choice([rng.uniform(0.48, 0.53), rng.uniform(1.5, 2.0)])), "seeing extreme"
    return draw_seeing(VST, rng), None


def _with_missing(exposure: Exposure, rng: np.random.Generator) -> Exposure:
    """Declare pixels of a few good epochs missing, as beyond a detector's edge."""
    drawn = rng.random()
    if drawn > PARTLY_MISSING + MOSTLY_MISSING:
        return exposure
    mostly = drawn < MOSTLY_MISSING
    science = exposure.science.copy()
    lost = round(len(science) * (rng.uniform(0.35, 0.6) if mostly else rng.uniform(0.05, 0.25)))
    np.rot90(science, int(rng.integers(4)))[:lost] = np.nan
    return replace(exposure, science=science, extreme="masked" if mostly else exposure.extreme)
