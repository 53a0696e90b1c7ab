"""Shows galaxies on pixels: particles of discs, spheroids and stars, through one PSF.

Everything is added up in Fourier space (`models.simulate.sky`), where spheroids are Spergel's profiles, which follow
Sersic's closely: his index 0.5 is an exponential disc, -0.6 close to de Vaucouleurs' law.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from models.simulate import sky
from models.simulate.mergers.light import RINGS, SPOKES, disc_light, fine_ring, fine_spoke
from models.simulate.mergers.population import Population
from models.simulate.mergers.three_body import Floats, Singles, frequency, random_rotations, ring, spoke

SIDE = 96
"""Of every stamp [px]."""

_CENTRE = (SIDE - 1) / 2.0
_SQUARE = SIDE + 2 * sky.MARGIN
_GRID = sky.Grid(_SQUARE, 1, _CENTRE + sky.MARGIN, _CENTRE + sky.MARGIN, (1.0, 0.0, 0.0, 1.0))
#: Half-light radii of Spergel's profiles in their scale lengths, by index: Spergel 2010, table 1.
_INDEX, _HALF_LIGHT = (-0.8, -0.7, -0.6, -0.4, -0.2, 0.0, 0.5), (0.225, 0.381, 0.545, 0.842, 1.058, 1.258, 1.678)


@dataclass(frozen=True, slots=True)
class Torn:
    """How an encounter left one disc.

    Attributes
    ----------
    particles : float32 array (rings, spokes, 3)
        As in `three_body.Tides`.
    time : float
        Since the closest approach.
    mass, radius : float
        Of its galaxy: how fast its rings turn.
    """

    particles: Singles
    time: float
    mass: float
    radius: float


class Scene:
    """Light on its way to the detector; places in px from the middle of the stamp, fluxes in any unit."""

    def __init__(self) -> None:
        nothing = np.empty(0)
        self._spectrum = sky.spectrum(_GRID, sky.Stars(nothing, nothing, nothing))

    def add_star(self, x: float, y: float, flux: float) -> None:
        """Add a point source."""
        self._spectrum += sky.spectrum(_GRID, sky.Stars(np.array([x]), np.array([y]), np.array([flux])))

    def add_spheroid(
        self, x: float, y: float, flux: float, half_light: float, ratio: float, angle: float, index: float
    ) -> None:
        """Add a spheroid by its half-light radius along the major axis [px] and Spergel's index."""
        length = half_light / float(np.interp(index, _INDEX, _HALF_LIGHT))
        shape = (x, y, flux, index, length, ratio, angle)
        nothing = np.empty(0)
        self._spectrum += sky.spectrum(
            _GRID, sky.Stars(nothing, nothing, nothing), sky.Galaxies(*(np.array([one]) for one in shape))
        )

    def add_points(self, x: Singles, y: Singles, flux: Singles) -> None:
        """Add many particles, each spread over four pixels (cloud in cell)."""
        inside = (np.abs(x) < _CENTRE + sky.MARGIN) & (np.abs(y) < _CENTRE + sky.MARGIN)
        column, row, light = x[inside] + np.float32(_GRID.x), y[inside] + np.float32(_GRID.y), flux[inside]
        left, low = column.astype(np.int32), row.astype(np.int32)
        right, up = column - left.astype(np.float32), row - low.astype(np.float32)
        image = np.zeros(_SQUARE**2)
        first = low * _SQUARE + left
        for step, share in (
            (0, (1 - right) * (1 - up)), (1, right * (1 - up)), (_SQUARE, (1 - right) * up), (_SQUARE + 1, right * up),
        ):  # fmt: skip
            image += np.bincount(first + step, light * share, _SQUARE**2 + _SQUARE)[: _SQUARE**2]
        self.add_image(image.reshape(_SQUARE, _SQUARE))

    def add_image(self, image: Floats) -> None:
        """Add light that is already on the pixels of the stamp and its margin."""
        self._spectrum += np.fft.rfft2(image)

    def seen(self, fwhm: float) -> Singles:
        """Look at it through a PSF of that FWHM [px]: float32 (SIDE, SIDE)."""
        return np.asarray(sky.crop(sky.image(_GRID, self._spectrum, fwhm), SIDE), np.float32)


def square() -> tuple[int, float]:
    """Side of the pixels that `Scene.add_image` takes, and where their middle is."""
    return _SQUARE, _GRID.x


def add_disc_galaxy(
    scene: Scene,
    rng: np.random.Generator,
    population: Population,
    place: tuple[float, float],
    flux: float,
    outer: float,
    rotation: Floats | None = None,
    torn: Torn | None = None,
    *,
    irregular: bool = False,
) -> None:
    """Add a disc with a bulge, disturbed or not.

    Parameters
    ----------
    scene : Scene
    rng : Generator
        Draws its light.
    population : Population
    place : (x, y)
        [px].
    flux : float
    outer : float
        Outer radius of the disc [px].
    rotation : array (3, 3), optional
        From the disc's plane to the sky, of which x and y are seen; drawn where not given.
    torn : Torn, optional
        Otherwise every particle is on its circle.
    irregular : bool
        As in `disc_light`, and without a bulge.
    """
    rotation = random_rotations(rng) if rotation is None else rotation
    length = rng.uniform(*population.scale_length)
    bulge = 0.0 if irregular or rng.random() < 0.3 else rng.uniform(0.0, population.bulge)
    turned = np.zeros(RINGS, np.float32)
    if torn is not None:
        turned = (frequency(fine_ring(), torn.mass, torn.radius) * torn.time % (2 * np.pi)).astype(np.float32)
    angle = fine_spoke() + turned[:, None]
    light = disc_light(rng, population, length, angle, irregular=irregular).ravel()
    points = _particles(turned, torn)
    heat, thickness = 0.02, rng.uniform(0.02, 0.3 if irregular else 0.12) * length
    if rng.random() < 0.2:  # old stars, whose orbits are no circles: they leave broad fans instead of thin tails
        heat = thickness = rng.uniform(0.2, 0.6) * length
    points += rng.standard_normal(points.shape, np.float32) * np.array([heat, heat, thickness], np.float32)
    light = light * _dust(rng, points, rotation, length)
    x, y, _ = (outer * rotation).astype(np.float32) @ points.T
    scene.add_points(x + np.float32(place[0]), y + np.float32(place[1]), np.float32((1.0 - bulge) * flux) * light)
    if bulge:
        scene.add_spheroid(
            *place, bulge * flux, outer * length * rng.uniform(0.15, 0.7), rng.uniform(0.6, 1.0),
            rng.uniform(0, np.pi), rng.uniform(-0.6, 0.3),
        )  # fmt: skip


def _particles(turned: Singles, torn: Torn | None) -> Singles:
    """Places (particles, 3) in the axes of the disc [outer radii], between those that were followed."""
    radius, angle = fine_ring()[:, None], fine_spoke()[None]
    points = np.stack([radius * np.cos(angle), radius * np.sin(angle), np.zeros((RINGS, SPOKES), np.float32)], axis=-1)
    if torn is not None:
        coarse_radius, coarse_angle = ring()[:, None], spoke()[None]
        shift = torn.particles.copy()
        shift[..., 0] -= coarse_radius * np.cos(coarse_angle)
        shift[..., 1] -= coarse_radius * np.sin(coarse_angle)
        rings, spokes = _between()
        for axis in range(3):
            points[..., axis] += rings @ shift[..., axis] @ spokes.T
    c, s = np.cos(turned)[:, None], np.sin(turned)[:, None]
    x, y, z = np.moveaxis(points, -1, 0)
    return np.stack([x * c - y * s, x * s + y * c, z], axis=-1).reshape(-1, 3)


@lru_cache(maxsize=1)
def _between() -> tuple[Singles, Singles]:
    """Weights of linear interpolation from the followed rings and spokes to the fine ones."""
    rings = np.stack([np.interp(fine_ring(), ring(), one) for one in np.eye(len(ring()))], axis=1)
    spokes = np.stack([np.interp(fine_spoke(), spoke(), one, period=2 * np.pi) for one in np.eye(len(spoke()))], axis=1)
    return rings.astype(np.float32), spokes.astype(np.float32)


def _dust(rng: np.random.Generator, points: Singles, rotation: Floats, length: float) -> Singles:
    """Share of the light that passes a thin layer of dust in the disc's plane; all of it in two discs of three."""
    if rng.random() < 0.67:
        return np.ones(len(points), np.float32)
    facing = float(rotation[2, 2])
    depth = rng.uniform(0.2, 1.5) * np.exp(-np.hypot(points[:, 0], points[:, 1]) / (1.3 * length))
    behind = points[:, 2] * facing < 0.0
    return np.where(behind, np.exp(-depth / (abs(facing) + 0.15)), np.float32(1.0))
