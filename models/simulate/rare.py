"""The rare truth of a simulated night: trails of fast asteroids, and transients whose hosts are mergers or lenses."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from importlib.util import find_spec

import numpy as np

from models.simulate.camera import Camera
from models.simulate.mergers.population import TEST
from models.simulate.mergers.stamps import draw_stamps
from models.simulate.night import Epoch, Kind, Picture, draw_object
from models.streak_domain import FASTEST, trail_length

#: Signal-to-noise ratios of trails under their own matched filter, drawn uniformly in the logarithm.
_TRAIL_SNR = (8.0, 40.0)
#: Shortest trail [FWHM]: what is shorter is a point to the eye; and the longest, in the smallest stamp's side.
_SHORTEST, _LONGEST = 2.5, 0.75
#: Encounters of galaxies are followed in groups, of which a night takes its own; so it does of lenses.
_MERGERS_FIRST, _LENSES_FIRST = 5_000_000, 1_600_000_000
#: Of a lens's arcs: fainter ones would be a lens to nobody. PSF in which lenses are painted [arcsec].
_ARC_SNR, _LENS_FWHM = 25.0, 0.6


def rare_epochs(camera: Camera, ordinary: Sequence[Epoch], count: int, rng: np.random.Generator) -> list[Epoch]:
    """Draw alerts of the rare classes that a camera can show, each an object of its own.

    Parameters
    ----------
    camera : Camera
    ordinary : sequence of Epoch
        The night's other alerts, in whose exposures these are seen.
    count : int
    rng : Generator
        Decides everything.
    """
    visits = list({epoch.visit.number: epoch.visit for epoch in ordinary}.values())
    first = 1 + max(epoch.object.number for epoch in ordinary)
    kinds = [Kind.STREAK]
    if camera.oversample == 1:  # at an arcsecond a pixel, neither tails nor arcs of most hosts are to be seen
        kinds += [Kind.MERGER, *([Kind.LENS] if find_spec("lenstronomy") else [])]
    hosts = {Kind.MERGER: _mergers(camera, rng), Kind.LENS: _lenses(camera, rng)}
    found = []
    for number in range(first, first + count):
        kind = kinds[number % len(kinds)]
        visit = visits[int(rng.integers(len(visits)))]
        one = draw_object(camera, number, kind, rng)
        if kind is Kind.STREAK:
            shortest = _SHORTEST * visit.seeing
            fastest = trail_length(FASTEST, camera.exposure_time, camera.pixel_scale)
            longest = camera.pixel_scale * min(fastest, _LONGEST * camera.smallest_side)
            length, heading = _log_uniform(rng, shortest, max(longest, shortest)), rng.uniform(0, 2 * np.pi)
            one = replace(one, motion=(length * float(np.sin(heading)), length * float(np.cos(heading))))
            significance = _log_uniform(rng, *_TRAIL_SNR)
        else:
            one, significance = replace(one, host=next(hosts[kind])), one.significance
        found.append(Epoch(one, visit, significance, None))
    return found


def _mergers(camera: Camera, rng: np.random.Generator) -> Iterator[Picture]:
    """Yield mergers as this camera's reference shows them, without noise."""
    batch = _MERGERS_FIRST + int(rng.integers(1_000_000))
    while True:
        drawn = draw_stamps(TEST, 128, batch, mergers=1.0)
        fwhm = drawn.fwhm * drawn.pixel_scale
        own = drawn.pixel_scale == np.float32(camera.pixel_scale)
        for n in np.flatnonzero(own & (fwhm <= camera.reference_seeing)):
            yield Picture(camera.reference_noise * drawn.images[n].astype(np.float64), float(fwhm[n]))
        batch += 1


def _lenses(camera: Camera, rng: np.random.Generator) -> Iterator[Picture]:
    """Yield strong lenses as this camera's reference shows them, without noise; needs lenstronomy."""
    from models.simulate.lenses.population import TEST as WORLDS
    from models.simulate.lenses.stamps import draw_stamps as draw_lenses

    world = replace(WORLDS["ground"], fwhm=(_LENS_FWHM, _LENS_FWHM))
    number = _LENSES_FIRST + int(rng.integers(100_000_000))
    while True:
        drawn = draw_lenses(world, 8, number, lenses=1.0, noisy=False)
        for image in drawn.images[drawn.arc_snr > _ARC_SNR, world.camera.detection]:
            yield Picture(camera.reference_noise * image.astype(np.float64), _LENS_FWHM)
        number += 8


def _log_uniform(rng: np.random.Generator, low: float, high: float) -> float:
    return float(np.exp(rng.uniform(np.log(low), np.log(high))))
