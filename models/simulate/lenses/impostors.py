"""Galaxies of every kind, and stars: the lens's own light, and what is mistaken for an arc around it."""

from __future__ import annotations

from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING

import numpy as np

from models.simulate.lenses.colours import magnitudes, stellar_magnitudes
from models.simulate.lenses.light import Grid, Image, Shape, arms, aureole, blobs, ring, sersic, spikes, tail

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from models.simulate.lenses.population import Population
    from models.simulate.lenses.priors import DrawnLens


@dataclass(slots=True, eq=False)
class Scene:
    """What is painted into one stamp.

    Attributes
    ----------
    population : Population
    grid : Grid
    rng : Generator
    surfaces : list of float32 arrays
        Of unit flux on the grid.
    brightness : list of float arrays (bands,)
        Magnitude of each.
    full : float
        Where the detector saturates, in units of a pixel's sky noise.
    """

    population: Population
    grid: Grid
    rng: np.random.Generator
    surfaces: list[Image] = field(default_factory=list)
    brightness: list[np.ndarray] = field(default_factory=list)
    full: float = np.inf

    def add(self, surface: Image, kind: str, redshift: float, magnitude: float) -> None:
        """Add a surface of ``old``, ``mixed`` or ``young`` stars; `magnitude` in the detection band."""
        if len(self.population.camera.bands) == 1:
            colours = np.array([magnitude])
        else:
            colours = magnitudes(self.rng, kind, redshift, magnitude, self.population.colour_scatter)
        self.surfaces.append(surface)
        self.brightness.append(colours)

    def add_star(self, x: float, y: float, magnitude: float, *light: tuple[Image, float]) -> None:
        """Add a point and the light around it, each with its share of the star's; `magnitude` in the detection band."""
        one_band = len(self.population.camera.bands) == 1
        colours = np.array([magnitude]) if one_band else stellar_magnitudes(self.rng, magnitude)
        point = blobs(self.grid, np.array([x]), np.array([y]), np.zeros(1))
        for surface, share in ((point, 1 - sum(share for _, share in light)), *light):
            self.surfaces.append(surface)
            self.brightness.append(colours + fainter(0.0, share))

    def log_uniform(self, low: float, high: float) -> float:
        """Draw a number, even in its logarithm."""
        return float(np.exp(self.rng.uniform(np.log(low), np.log(high))))

    def around(self, nearest: float, farthest: float) -> tuple[float, float]:
        """Draw a place at a distance from the middle [arcsec]."""
        distance, angle = self.rng.uniform(nearest, farthest), self.rng.uniform(0, 2 * np.pi)
        return float(distance * np.cos(angle)), float(distance * np.sin(angle))


def fainter(magnitude: float, share: float) -> float:
    """Return the magnitude of a share of a galaxy's light."""
    return float(magnitude - 2.5 * np.log10(share))


def elliptical(scene: Scene, lens: DrawnLens, shape: Shape) -> None:
    """Add an early-type galaxy: a Sersic profile, some with a disc."""
    rng = scene.rng
    disc = rng.uniform(0.2, 0.6) if rng.random() < scene.population.discs else 0.0
    index = rng.uniform(*scene.population.lens_index)
    scene.add(sersic(scene.grid, shape, index), "old", lens.lens_redshift, fainter(lens.lens_magnitude, 1 - disc))
    if disc:
        wide = Shape(shape.x, shape.y, shape.radius * 1.5, max(0.7 * shape.axis_ratio, 0.15), shape.angle)
        scene.add(sersic(scene.grid, wide, 1.0), "old", lens.lens_redshift, fainter(lens.lens_magnitude, disc))


def _spiral(scene: Scene, lens: DrawnLens, shape: Shape) -> None:
    """Add a bulge and a disc with arms."""
    rng, population = scene.rng, scene.population
    share = rng.uniform(0.03, 0.5)
    bulge = Shape(shape.x, shape.y, shape.radius * rng.uniform(0.15, 0.35), rng.uniform(0.5, 1.0), shape.angle)
    # Bologna's: log n = 0.4 log max(B/T, 0.03) + 0.1 x, here with n = 4 for a bulge that is all.
    index = 4.0 * 10 ** (0.4 * np.log10(max(share, 0.03)) + 0.1 * rng.uniform(-1, 1))
    disc = Shape(shape.x, shape.y, shape.radius * rng.uniform(1.0, 2.5), rng.uniform(0.3, 1.0), shape.angle)
    winding = rng.uniform(*population.winding) * rng.choice([-1, 1])
    surface = arms(scene.grid, disc, rng, int(rng.integers(2, 5)), winding, rng.uniform(*population.contrast))
    scene.add(
        sersic(scene.grid, bulge, max(index, 0.5)), "old", lens.lens_redshift, fainter(lens.lens_magnitude, share)
    )
    stars = rng.choice(["mixed", "young"], p=[0.6, 0.4])
    scene.add(surface, stars, lens.lens_redshift, fainter(lens.lens_magnitude, 1 - share))


def _ring(scene: Scene, lens: DrawnLens, shape: Shape) -> None:
    """Add a galaxy within a ring of young stars, which is as large as an Einstein ring would be."""
    rng, population = scene.rng, scene.population
    elliptical(scene, lens, shape)
    around = Shape(shape.x, shape.y, confusing_radius(scene), rng.uniform(0.45, 1.0), shape.angle)
    surface = ring(scene.grid, around, rng, rng.uniform(*population.ring_width), rng.uniform(0, 0.8))
    share = scene.log_uniform(0.03, 0.6)
    stars = rng.choice(["mixed", "young"])
    scene.add(surface, stars, lens.lens_redshift, fainter(lens.lens_magnitude, share))


def _merger(scene: Scene, lens: DrawnLens, shape: Shape) -> None:
    """Add two galaxies at one redshift and their tidal tails."""
    rng = scene.rng
    old = rng.random() < 0.5
    elliptical(scene, lens, shape)
    near = confusing_radius(scene)
    x, y = scene.around(0.5 * near, 2.0 * near)
    other = Shape(x, y, shape.radius * rng.uniform(0.4, 1.0), rng.uniform(0.4, 1.0), rng.uniform(0, np.pi))
    magnitude = lens.lens_magnitude + rng.uniform(0.2, 2.5)
    scene.add(sersic(scene.grid, other, rng.uniform(1, 4)), "old" if old else "mixed", lens.lens_redshift, magnitude)
    for body in (shape, other)[: rng.integers(1, 3)]:
        surface = tail(scene.grid, body, rng, rng.uniform(0.6, 2.0), rng.uniform(0.15, 0.5))
        stars = rng.choice(["mixed", "young"])
        scene.add(surface, stars, lens.lens_redshift, fainter(lens.lens_magnitude, scene.log_uniform(0.02, 0.3)))


def _chance_pair(scene: Scene, lens: DrawnLens, shape: Shape) -> None:
    """Add a galaxy and one to four others beside it, as bright as a lensed source would be."""
    rng = scene.rng
    elliptical(scene, lens, shape)
    for _ in range(rng.integers(1, 5)):
        source = scene.population.prior.draw(rng)
        x, y = scene.around(0.6 * lens.einstein_radius, 2.5 * lens.einstein_radius)
        ratio = scene.log_uniform(0.2, 1.0)
        beside = Shape(x, y, max(2 * source.source_radius, scene.grid.step), ratio, rng.uniform(0, np.pi))
        stars = rng.choice(["young", "mixed", "old"], p=[0.6, 0.25, 0.15])
        magnitude = source.source_magnitude - rng.uniform(0.5, 2.5)
        scene.add(sersic(scene.grid, beside, rng.uniform(0.5, 2.5)), stars, rng.uniform(0.1, 2.0), magnitude)


def _edge_on(scene: Scene, lens: DrawnLens, shape: Shape) -> None:
    """Add a disc seen from its side, with a bulge."""
    rng = scene.rng
    share = rng.uniform(0.0, 0.4)
    thin = Shape(shape.x, shape.y, shape.radius * rng.uniform(0.8, 1.5), rng.uniform(0.1, 0.3), shape.angle)
    bulge = Shape(shape.x, shape.y, shape.radius * rng.uniform(0.2, 0.5), rng.uniform(0.6, 1.0), shape.angle)
    stars = rng.choice(["old", "mixed", "young"])
    scene.add(sersic(scene.grid, thin, 1.0), stars, lens.lens_redshift, fainter(lens.lens_magnitude, 1 - share))
    if share:
        scene.add(sersic(scene.grid, bulge, 2.5), "old", lens.lens_redshift, fainter(lens.lens_magnitude, share))


def _star(scene: Scene, _lens: DrawnLens, shape: Shape) -> None:
    """Add a star, faint or bright, single or close to another; three in ten are so bright that they saturate."""
    rng, camera = scene.rng, scene.population.camera
    band = camera.bands[camera.detection]
    depth = camera.profile.stack_depth[band]
    saturated = rng.random() < 0.3
    magnitude = depth - (rng.uniform(8.0, 12.0) if saturated else rng.uniform(1.5, 10.0))
    light = [(aureole(scene.grid, shape.x, shape.y, rng.uniform(0.5, 2.0), rng.uniform(2, 4)), rng.uniform(0.005, 0.1))]
    if saturated:
        # Charge that a full pixel cannot hold runs along its column; struts hold a telescope's mirror.
        scene.full = camera.profile.flux_in_sigma(magnitude, band, stacked=True) * scene.log_uniform(0.003, 0.05)
        column = spikes(scene.grid, shape.x, shape.y, np.pi / 2, 1, scene.log_uniform(0.3, 3.0))
        struts = spikes(scene.grid, shape.x, shape.y, rng.uniform(0, np.pi), int(rng.integers(2, 4)), rng.uniform(1, 4))
        light += [(column, rng.uniform(0.0, 0.05) + 1e-4), (struts, scene.log_uniform(0.001, 0.05))]
    scene.add_star(shape.x, shape.y, magnitude, *light)
    if rng.random() < 0.3:
        x, y = scene.around(2.5 * camera.pixel_scale, 15 * camera.pixel_scale)
        scene.add_star(shape.x + x, shape.y + y, magnitude + rng.uniform(0.0, 4.0))


def surroundings(scene: Scene) -> None:
    """Add what lies in the field by chance, with or without a lens."""
    rng, camera = scene.rng, scene.population.camera
    half = camera.side * camera.pixel_scale / 2
    faintest = camera.profile.stack_depth[camera.bands[camera.detection]]
    for number in range(rng.poisson(scene.population.neighbours)):
        x, y = rng.uniform(-half, half, 2)
        # Counts of faint galaxies rise as 10 to the 0.3 of the magnitude.
        magnitude = faintest + 0.5 + np.log10(max(rng.random(), 1e-3)) / 0.3 * 0.6
        if number == 0 and rng.random() < 0.15:
            surface = blobs(scene.grid, np.array([x]), np.array([y]), np.array([scene.grid.step]))
        else:
            shape = Shape(float(x), float(y), scene.log_uniform(0.15, 0.6), rng.uniform(0.3, 1), rng.uniform(0, np.pi))
            surface = sersic(scene.grid, shape, rng.uniform(0.7, 2.5))
        stars = rng.choice(["young", "mixed", "old"], p=[0.5, 0.3, 0.2])
        scene.add(surface, stars, rng.uniform(0.1, 2.0), magnitude)


def companion(scene: Scene, lens: DrawnLens) -> None:
    """Add a satellite galaxy at the main one's redshift."""
    rng = scene.rng
    x, y = scene.around(0.8, 2.5 * lens.lens_radius + 1.0)
    radius = lens.lens_radius * rng.uniform(0.2, 0.6)
    satellite = Shape(x, y, max(radius, 0.1), rng.uniform(0.4, 1.0), rng.uniform(0, np.pi))
    magnitude = lens.lens_magnitude + rng.uniform(1.5, 4.5)
    stars = rng.choice(["old", "mixed"], p=[0.7, 0.3])
    scene.add(sersic(scene.grid, satellite, rng.uniform(1, 4)), stars, lens.lens_redshift, magnitude)


def confusing_radius(scene: Scene) -> float:
    """Draw an Einstein radius: the scale at which impostors confuse [arcsec]."""
    return scene.population.prior.draw(scene.rng).einstein_radius * float(scene.rng.uniform(0.8, 1.6))


KINDS: Mapping[str, Callable[[Scene, DrawnLens, Shape], None]] = MappingProxyType(
    {
        "elliptical": elliptical,
        "spiral": _spiral,
        "ring": _ring,
        "merger": _merger,
        "chance pair": _chance_pair,
        "edge-on": _edge_on,
        "star": _star,
    }
)
