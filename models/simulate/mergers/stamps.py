"""Draws stamps with and without a merger, in units of a pixel's noise."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from models.simulate import morphology
from models.simulate.mergers.impostors import (
    KINDS,
    OUTER,
    Host,
    add_field,
    add_galaxy,
    add_spheroid,
    beside,
    log_normal,
    log_uniform,
)  # fmt: skip
from models.simulate.mergers.population import Population
from models.simulate.mergers.render import Scene, Torn, add_disc_galaxy, square
from models.simulate.mergers.surroundings import add_surroundings
from models.simulate.mergers.three_body import Encounters, Singles, Tides, disturbed, follow, random_rotations
from models.simulate.profiles import PROFILES

MERGER = "merger"
BATCH = 128
"""Stamps that share their encounters."""

#: Encounters of a batch, and times at which each is looked at.
_ENCOUNTERS, _VIEWS = 8, 4
#: Share of the companions that are ellipticals: they tear, and are not torn.
_GASLESS = 0.15
#: Least FWHM that the grid of the simulation resolves [px].
_SHARPEST = 2.0


@dataclass(frozen=True, slots=True, eq=False)
class DrawnStamps:
    """Many stamps; every attribute is an array with one entry a stamp.

    Attributes
    ----------
    images : float32 array (n, SIDE, SIDE)
        Without noise, in units of that of a pixel.
    kind : str array
        `MERGER` or a key of `impostors.KINDS`.
    torn : array
        Share of both galaxies' light that is out of place; 0 for impostors.
    separation : array
        Of the nuclei as seen [half-light radii of the host]; NaN for impostors.
    half_light, fwhm : arrays
        Of the host and of the PSF [px].
    pixel_scale : array
        [arcsec/px].
    """

    images: Singles
    kind: npt.NDArray[np.str_]
    torn: Singles
    separation: Singles
    half_light: Singles
    fwhm: Singles
    pixel_scale: Singles

    @property
    def merger(self) -> npt.NDArray[np.bool_]:
        """Which stamps hold a merger."""
        return np.asarray(self.kind == MERGER)

    def each(self) -> Iterator[DrawnStamps]:
        """Yield them one by one."""
        for n in range(len(self.kind)):
            yield DrawnStamps(*(getattr(self, name)[n : n + 1] for name in DrawnStamps.__slots__))

    def noisy(self, rng: np.random.Generator) -> Singles:
        """Add the noise of the sky and, where a galaxy outshines it, of its own light (n, SIDE, SIDE)."""
        sky = rng.standard_normal(self.images.shape, dtype=np.float32)
        return self.images + sky * np.sqrt(1.0 + 0.02 * np.maximum(self.images, 0.0))


@dataclass(frozen=True, slots=True, eq=False)
class _View:
    """One encounter at one time."""

    encounters: Encounters
    tides: Tides
    number: int
    torn: float


def draw_stamps(population: Population, count: int, first: int = 0, mergers: float = 0.5) -> DrawnStamps:
    """Draw batch number `first` and on; the same numbers give the same stamps, whatever the count.

    Parameters
    ----------
    population : Population
    count : int
        Stamps: of the last batch only the first are drawn.
    first : int
    mergers : float
        Their share.
    """
    starts = range(0, count, BATCH)
    drawn = [_draw_batch(population, first + n, min(BATCH, count - n * BATCH), mergers) for n in range(len(starts))]
    return DrawnStamps(*(np.concatenate([getattr(one, name) for one in drawn]) for name in DrawnStamps.__slots__))


def batches(
    population: Population, first: int = 0, mergers: float = 0.5
) -> Iterator[tuple[Singles, Singles, npt.NDArray[np.bool_], npt.NDArray[np.str_]]]:
    """Yield, without end, noisy stamps (n, SIDE, SIDE), pixel scales [arcsec/px], which are mergers, and kinds."""
    while True:
        drawn = draw_stamps(population, BATCH, first, mergers)
        images = drawn.noisy(np.random.default_rng([population.seed, first, 1]))
        yield images, drawn.pixel_scale, drawn.merger, drawn.kind
        first += 1


def draw_encounters(rng: np.random.Generator, population: Population, count: int) -> Encounters:
    """Draw encounters; both discs lie every way alike."""
    spread = rng.standard_normal((2, count))
    mass, radius = (
        np.clip(median * np.exp(scatter * one), 0.1, 3.0)
        for (median, scatter), one in zip((population.mass, population.radius), spread, strict=True)
    )
    low, high = np.log(population.pericentre)
    pericentre = np.exp(rng.uniform(low, high, count))
    speed, drag = (rng.uniform(*limits, count) for limits in (population.speed, population.drag))
    return Encounters(mass, radius, pericentre, speed, drag, random_rotations(rng, count, 2))


def _draw_batch(population: Population, number: int, count: int, mergers: float) -> DrawnStamps:
    rng = np.random.default_rng([population.seed, number, 0])
    views = _draw_views(rng, population) if mergers else []
    seeds = rng.integers(0, 2**63, BATCH)
    rows = [_draw(np.random.default_rng(seed), population, views, mergers) for seed in seeds[:count]]
    images, kinds, *numbers = zip(*rows, strict=True)
    return DrawnStamps(np.stack(images), np.array(kinds), *(np.array(one, np.float32) for one in numbers))


def _draw_views(rng: np.random.Generator, population: Population) -> list[_View]:
    """Follow encounters, and keep the times at which enough is torn; there are some in any eight."""
    views: list[_View] = []
    while not views:
        encounters = draw_encounters(rng, population, _ENCOUNTERS)
        low, high = population.time
        times = low + (high - low) * rng.random((_ENCOUNTERS, _VIEWS)) ** 1.5
        for tides in follow(encounters, times):
            torn = disturbed(tides)
            light = np.stack([np.ones(_ENCOUNTERS), encounters.mass], axis=1)
            share = (torn * light).sum(axis=1) / light.sum(axis=1)
            torn_enough = np.flatnonzero(share > population.torn)
            views += [_View(encounters, tides, int(n), float(share[n])) for n in torn_enough]
    return views


def _draw(
    rng: np.random.Generator, population: Population, views: list[_View], mergers: float
) -> tuple[Singles, str, float, float, float, float, float]:
    survey = list(PROFILES.values())[rng.integers(len(PROFILES))]
    low, _, high = survey.fwhm_pixels
    fwhm = max(log_uniform(rng, (low, high)), _SHARPEST)
    size = log_uniform(rng, (max(population.size[0], population.resolution * fwhm), population.size[1]))
    contrast = rng.uniform(*population.limit) - rng.uniform(*population.surface_brightness)
    # Noise of one arcsec^2 goes down to a pixel as its side: half of the light is within the half-light radius.
    flux = 2.0 * np.pi * size**2 * 10 ** (0.4 * contrast) * survey.pixel_scale
    x, y = rng.normal(0.0, 0.15 * size, 2)
    host = Host(x, y, size, flux, fwhm)
    scene = Scene()
    torn, separation = 0.0, np.nan
    if rng.random() < mergers:
        kind, view = MERGER, views[rng.integers(len(views))]
        if population.remnants and rng.random() < population.remnants:
            torn, separation = _add_remnant(scene, rng, population, host)
        else:
            torn, separation = view.torn, _add_merger(scene, rng, population, host, view)
    else:
        kind = str(rng.choice(list(population.impostors), p=list(population.impostors.values())))
        KINDS[kind](scene, rng, population, host)
    add_field(scene, rng, population, host)
    add_surroundings(scene, rng, population, host)
    return scene.seen(fwhm), kind, torn, separation, size, fwhm, survey.pixel_scale


def _add_merger(scene: Scene, rng: np.random.Generator, population: Population, host: Host, view: _View) -> float:
    """Add both galaxies, seen from anywhere, either in the middle; return how far the nuclei are apart as seen."""
    one, number = int(rng.random() < 0.35), view.number
    sky = random_rotations(rng)
    masses, radii = (1.0, float(view.encounters.mass[number])), (1.0, float(view.encounters.radius[number]))
    unit = OUTER * host.half_light / radii[one]
    centres = view.tides.centres[number]
    faint = log_normal(rng, (1.0, 0.4))
    for galaxy in (0, 1):
        x, y, _ = sky @ (centres[galaxy] - centres[one]) * unit
        flux = host.flux * (1.0 if galaxy == one else faint * masses[galaxy] / masses[one])
        if galaxy != one and rng.random() < _GASLESS:
            add_spheroid(scene, rng, (host.x + x, host.y + y), flux, unit * radii[galaxy] / OUTER)
            continue
        torn = Torn(view.tides.discs[number, galaxy], float(view.tides.time[number]), masses[galaxy], radii[galaxy])
        add_disc_galaxy(
            scene, rng, population, (host.x + x, host.y + y), flux, unit * radii[galaxy],
            sky @ view.encounters.spin[number, galaxy], torn,
        )  # fmt: skip
    apart = (sky @ (centres[1] - centres[0]))[:2]
    if population.envelope and rng.random() < population.envelope:
        x, y = np.array([host.x, host.y]) + 0.5 * apart * (1 - 2 * one) * unit
        size = host.half_light * log_uniform(rng, (1.0, 3.0))
        add_spheroid(scene, rng, (x, y), host.flux * log_uniform(rng, (0.1, 0.8)), size)
    return float(np.hypot(*apart) * unit / host.half_light)


def _add_remnant(scene: Scene, rng: np.random.Generator, population: Population, host: Host) -> tuple[float, float]:
    """Add what is left of a merger: one galaxy, a second nucleus or none, shells and streams by another hand.

    Returns
    -------
    torn, separation : float
        As of `DrawnStamps`; 0 apart where there is one nucleus.
    """
    torn, apart = float(rng.uniform(population.torn, 0.4)), 0.0
    add_galaxy(scene, rng, population, (host.x, host.y), (1.0 - torn) * host.flux, host.half_light)
    if rng.random() < 0.5:
        apart = float(rng.uniform(0.3, 1.5))
        place = beside(rng, host, apart * host.half_light)
        add_spheroid(scene, rng, place, host.flux * rng.uniform(0.2, 0.8), host.half_light * rng.uniform(0.2, 0.6))
    side, middle = square()
    scene.add_image(torn * host.flux * morphology.debris(side, host.x + middle, host.y + middle, host.half_light, rng))
    return torn, apart
