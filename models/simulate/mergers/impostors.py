"""What is mistaken for a merger: every undisturbed galaxy, alone, beside a star, or by chance beside another."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from models.simulate import morphology
from models.simulate.mergers.population import Population, Range
from models.simulate.mergers.regular import regular_spiral
from models.simulate.mergers.render import SIDE, Scene, add_disc_galaxy, square
from models.simulate.mergers.three_body import Floats

#: Outer radius of a disc in half-light radii: of an exponential disc with the mean scale length, 1.678 / 0.3 inverted.
OUTER = 2.0


@dataclass(frozen=True, slots=True)
class Host:
    """The galaxy in the middle.

    Attributes
    ----------
    x, y : float
        [px], from the middle of the stamp.
    half_light : float
        Half-light radius [px].
    flux : float
        In units of a pixel's noise.
    fwhm : float
        Of the PSF [px].
    """

    x: float
    y: float
    half_light: float
    flux: float
    fwhm: float


Paint = Callable[[Scene, np.random.Generator, Population, Host], None]


def log_uniform(rng: np.random.Generator, limits: Range) -> float:
    """Draw a number, uniform in its logarithm."""
    return float(np.exp(rng.uniform(math.log(limits[0]), math.log(limits[1]))))


def log_normal(rng: np.random.Generator, shape: Range) -> float:
    """Draw a number by its median and the spread of its natural logarithm."""
    return float(shape[0] * np.exp(shape[1] * rng.standard_normal()))


def add_field(scene: Scene, rng: np.random.Generator, population: Population, host: Host) -> None:
    """Add the stars and small galaxies that any stamp holds, satellites of the host among them."""
    for _ in range(rng.poisson(population.stars)):
        scene.add_star(*anywhere(rng), host.flux * log_uniform(rng, (0.002, 0.5)))
    for _ in range(rng.poisson(population.neighbours)):
        size = host.half_light * log_uniform(rng, (0.1, 0.5))
        add_spheroid(scene, rng, anywhere(rng), host.flux * log_uniform(rng, (0.003, 0.15)), size)


def add_galaxy(
    scene: Scene, rng: np.random.Generator, population: Population, place: tuple[float, float], flux: float, size: float
) -> None:
    """Add an undisturbed galaxy of any kind by its half-light radius [px]."""
    if rng.random() < population.painted:
        side, middle = square()
        image = morphology.galaxy(side, place[0] + middle, place[1] + middle, size, rng)
        scene.add_image(flux * image)
    elif rng.random() < 0.3:
        add_spheroid(scene, rng, place, flux, size)
    else:
        add_disc_galaxy(scene, rng, population, place, flux, OUTER * size)


def add_spheroid(scene: Scene, rng: np.random.Generator, place: tuple[float, float], flux: float, size: float) -> None:
    """Add a spheroid of any shape by its half-light radius [px]."""
    scene.add_spheroid(
        *place, flux, size, rng.choice([rng.uniform(0.5, 1.0), rng.uniform(0.25, 0.6)], p=[0.8, 0.2]),
        rng.uniform(0, np.pi), rng.uniform(-0.75, 0.5),
    )  # fmt: skip


def _disc(scene: Scene, rng: np.random.Generator, population: Population, host: Host) -> None:
    add_disc_galaxy(scene, rng, population, (host.x, host.y), host.flux, OUTER * host.half_light)


def _painted(scene: Scene, rng: np.random.Generator, population: Population, host: Host) -> None:
    """Paint spirals, bars, rings and dust lanes in another hand."""
    del population
    side, middle = square()
    image = morphology.galaxy(side, host.x + middle, host.y + middle, host.half_light, rng)
    scene.add_image(host.flux * image)


def _regular(scene: Scene, rng: np.random.Generator, population: Population, host: Host) -> None:
    """Paint a regular spiral as deep images show it."""
    del population
    scene.add_image(host.flux * regular_spiral(rng, host.x, host.y, host.half_light))


def _spheroid(scene: Scene, rng: np.random.Generator, population: Population, host: Host) -> None:
    """Add an elliptical, with a disc now and then."""
    share = rng.choice([0.0, rng.uniform(0.1, 0.5)])
    add_spheroid(scene, rng, (host.x, host.y), (1 - share) * host.flux, host.half_light)
    if share:
        place, outer = (host.x, host.y), OUTER * host.half_light * rng.uniform(0.7, 1.5)
        add_disc_galaxy(scene, rng, population, place, share * host.flux, outer)


def _irregular(scene: Scene, rng: np.random.Generator, population: Population, host: Host) -> None:
    """Add a star-forming dwarf: knots without order."""
    place, outer = (host.x, host.y), OUTER * host.half_light
    add_disc_galaxy(scene, rng, population, place, host.flux, outer, irregular=True)


def _pair(scene: Scene, rng: np.random.Generator, population: Population, host: Host) -> None:
    """Add two galaxies one behind the other, as alike as those of a merger."""
    add_galaxy(scene, rng, population, (host.x, host.y), host.flux, host.half_light)
    _add_companion(scene, rng, population, host)


def _group(scene: Scene, rng: np.random.Generator, population: Population, host: Host) -> None:
    add_galaxy(scene, rng, population, (host.x, host.y), host.flux, host.half_light)
    for _ in range(int(rng.integers(2, 5))):
        _add_companion(scene, rng, population, host)


def _add_companion(scene: Scene, rng: np.random.Generator, population: Population, host: Host) -> None:
    mass, radius = log_normal(rng, population.mass), log_normal(rng, population.radius)
    place = beside(rng, host, host.half_light * log_uniform(rng, population.separation))
    flux = host.flux * mass * log_normal(rng, (1.0, 0.4))
    add_galaxy(scene, rng, population, place, flux, host.half_light * radius)


def _star_beside(scene: Scene, rng: np.random.Generator, population: Population, host: Host) -> None:
    """Add a galaxy with one or two bright stars in front of it or beside it, one of them with spikes now and then."""
    add_galaxy(scene, rng, population, (host.x, host.y), host.flux, host.half_light)
    for _ in range(int(rng.choice([1, 1, 2]))):
        place = beside(rng, host, host.half_light * log_uniform(rng, (0.3, 5.0)))
        flux = host.flux * log_uniform(rng, (0.05, 3.0))
        scene.add_star(*place, flux)
        if rng.random() < 0.2:
            scene.add_image(0.1 * flux * spikes(rng, place, host.fwhm))


def spikes(rng: np.random.Generator, place: tuple[float, float], fwhm: float) -> Floats:
    """Paint a star's diffraction spikes, of sum 1 on an endless image."""
    side, middle = square()
    y, x = np.mgrid[:side, :side] - middle - np.array(place[::-1])[:, None, None]
    turn, fall, width = rng.uniform(0, np.pi / 2), fwhm * rng.uniform(2.0, 6.0), 0.5 * fwhm
    image = np.zeros((side, side))
    for arm in (turn, turn + np.pi / 2):
        along, across = x * np.cos(arm) + y * np.sin(arm), y * np.cos(arm) - x * np.sin(arm)
        image += np.exp(-np.abs(along) / fall - 0.5 * (across / width) ** 2)
    return np.asarray(image / (2 * 2 * fall * math.sqrt(2 * math.pi) * width))


def _star(scene: Scene, rng: np.random.Generator, population: Population, host: Host) -> None:
    """Add no galaxy at all: a star, or two."""
    del population
    scene.add_star(host.x, host.y, host.flux)
    if rng.random() < 0.4:
        scene.add_star(*beside(rng, host, host.fwhm * rng.uniform(1.0, 8.0)), host.flux * log_uniform(rng, (0.1, 1)))


def _star_field(scene: Scene, rng: np.random.Generator, population: Population, host: Host) -> None:
    """Add stars that blend, and others all over the stamp."""
    del population
    scene.add_star(host.x, host.y, host.flux)
    for _ in range(int(rng.integers(1, 4))):
        scene.add_star(*beside(rng, host, host.fwhm * rng.uniform(0.5, 6.0)), host.flux * log_uniform(rng, (0.03, 1)))
    for _ in range(int(rng.integers(0, 30))):
        scene.add_star(*anywhere(rng), host.flux * log_uniform(rng, (0.003, 2)))


def anywhere(rng: np.random.Generator) -> tuple[float, float]:
    """Draw a place in the stamp [px from its middle]."""
    x, y = rng.uniform(-SIDE / 2, SIDE / 2, 2)
    return float(x), float(y)


def beside(rng: np.random.Generator, host: Host, distance: float) -> tuple[float, float]:
    """Draw a place at that distance from the host [px]."""
    angle = rng.uniform(0, 2 * np.pi)
    return host.x + distance * math.cos(angle), host.y + distance * math.sin(angle)


CHANCE_PAIR = "chance pair"

#: Every impostor by its name; `Population.impostors` has their shares, and lacks some.
KINDS: dict[str, Paint] = {
    "disc": _disc,
    "regular spiral": _regular,
    "painted galaxy": _painted,
    "spheroid": _spheroid,
    "irregular": _irregular,
    CHANCE_PAIR: _pair,
    "group": _group,
    "star beside": _star_beside,
    "star": _star,
    "star field": _star_field,
}
