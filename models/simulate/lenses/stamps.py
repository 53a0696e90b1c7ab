"""Draws stamps with and without a lens, with their truth."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING

import numpy as np

from models.simulate.lenses.arcs import Deflector, Source, lens_model
from models.simulate.lenses.camera import Seeing
from models.simulate.lenses.impostors import KINDS, Scene, companion, elliptical, surroundings
from models.simulate.lenses.light import Image, Shape

if TYPE_CHECKING:
    from lenstronomy.LensModel.lens_model import LensModel
    from numpy.typing import NDArray

    from models.simulate.lenses.population import Population
    from models.simulate.lenses.priors import DrawnLens

LENS = "lens"

#: Smallest source that the grid can carry, in its steps.
_SMALLEST_SOURCE = 0.5
#: Pixels above so many sigma count as arc in the information content.
_SEEN = 2.0


@dataclass(frozen=True, slots=True, eq=False)
class DrawnStamps:
    """Many stamps and their truth, one entry a stamp.

    Attributes
    ----------
    images : float array (n, bands, side, side)
        In units of a pixel's sky noise.
    kind : str array (n,)
        `LENS` or a key of `impostors.KINDS`.
    einstein_radius : float32 array (n,)
        [arcsec]; NaN without a lens, as all that follows.
    arc_snr : float32 array (n,)
        Of the arcs under their own matched filter, in the detection band.
    information_content : float32 array (n,)
        ``(A_src,2sigma / A_PSF) (R_E / R_eff)``: the area of noiseless arcs above twice the noise in that of the PSF,
        pi (FWHM / 2)^2, times the Einstein radius in the source's effective radius (Nagam et al. 2023).
    """

    images: NDArray[np.floating]
    kind: NDArray[np.str_]
    einstein_radius: NDArray[np.float32]
    arc_snr: NDArray[np.float32]
    information_content: NDArray[np.float32]

    @property
    def lens(self) -> NDArray[np.bool_]:
        """Which stamps hold a lens."""
        return np.asarray(self.kind == LENS)

    def part(self, which: slice | NDArray[np.intp] | NDArray[np.bool_]) -> DrawnStamps:
        """Return some of the stamps."""
        return DrawnStamps(*(getattr(self, one.name)[which] for one in fields(self)))


def draw_stamps(
    population: Population, count: int, first: int = 0, lenses: float = 0.5, *, noisy: bool = True
) -> DrawnStamps:
    """Draw stamps number `first` and on; the same numbers give the same stamps.

    Parameters
    ----------
    population : Population
    count, first : int
    lenses : float
        Their share.
    noisy : bool
        Without noise for those who add it anew each time.
    """
    camera = population.camera
    grid, model = camera.grid(), lens_model()
    images = np.empty((count, len(camera.bands), camera.side, camera.side), np.float16)
    kinds, truths = [], np.full((count, 3), np.nan, np.float32)
    for place in range(count):
        rng = np.random.default_rng([population.seed, first + place])
        scene = Scene(population, grid, rng)
        is_lens = rng.random() < lenses
        image, kind, truths[place] = _draw(scene, model, is_lens=is_lens)
        # Half floats hold what is up to 65,504 times the noise, to one part in two thousand.
        images[place] = np.clip(camera.noise(rng, image) if noisy else image, -60_000, 60_000)
        kinds.append(kind)
    return DrawnStamps(images, np.array(kinds), *truths.T)


def draw_arcs(population: Population, count: int, first: int = 0) -> NDArray[np.float32]:
    """Draw the arcs alone, without noise, of the stamps that `draw_stamps` gives where all of them are lenses.

    Returns
    -------
    float32 array (n, bands, side, side)
        In units of a pixel's sky noise.
    """
    camera = population.camera
    grid, model = camera.grid(), lens_model()
    images = np.empty((count, len(camera.bands), camera.side, camera.side), np.float32)
    for place in range(count):
        scene = Scene(population, grid, np.random.default_rng([population.seed, first + place]))
        scene.rng.random()  # whether it is a lens
        galaxy, psf, shape = _begin(scene, is_lens=True)
        images[place] = _arcs(scene, model, galaxy, shape, _radius(scene, galaxy), psf)
    return images


def _begin(scene: Scene, *, is_lens: bool) -> tuple[DrawnLens, Seeing, Shape]:
    """Draw the galaxy in the middle, where it lies, and the seeing."""
    population, rng = scene.population, scene.rng
    galaxy = (population.prior if is_lens else population.hosts).draw(rng)
    psf = Seeing(
        scene.log_uniform(*population.fwhm), rng.uniform(*population.wings), tuple(0.05 * rng.uniform(-1, 1, 2))
    )
    x, y = (population.camera.pixel_scale * rng.uniform(-0.6, 0.6, 2)).tolist()
    return galaxy, psf, Shape(x, y, galaxy.lens_radius, galaxy.lens_axis_ratio, rng.uniform(0, np.pi))


def _draw(scene: Scene, model: LensModel, *, is_lens: bool) -> tuple[Image, str, tuple[float, float, float]]:
    population, rng = scene.population, scene.rng
    camera = population.camera
    galaxy, psf, shape = _begin(scene, is_lens=is_lens)
    truth, kind = (np.nan, np.nan, np.nan), LENS
    if is_lens:
        radius = _radius(scene, galaxy)
        arcs = _arcs(scene, model, galaxy, shape, radius, psf)[camera.detection]
        area = float((arcs > _SEEN).sum()) * camera.pixel_scale**2 / (np.pi * (psf.fwhm / 2) ** 2)
        truth = (
            galaxy.einstein_radius,
            float(np.sqrt((arcs.astype(float) ** 2).sum())),
            area * galaxy.einstein_radius / radius,
        )
        elliptical(scene, galaxy, shape)
    else:
        shares = population.impostors
        kind = str(rng.choice(list(shares), p=np.array(list(shares.values())) / sum(shares.values())))
        KINDS[kind](scene, galaxy, shape)
    if rng.random() < population.companions:
        companion(scene, galaxy)
    surroundings(scene)
    image = camera.expose(scene.surfaces, np.array(scene.brightness), psf)
    return np.minimum(image, np.float32(scene.full)), kind, truth


def _radius(scene: Scene, galaxy: DrawnLens) -> float:
    """Return the source's effective radius, as small as the grid can carry [arcsec]."""
    return max(galaxy.source_radius, _SMALLEST_SOURCE * scene.grid.step)


def _arcs(
    scene: Scene, model: LensModel, galaxy: DrawnLens, shape: Shape, radius: float, psf: Seeing
) -> NDArray[np.float32]:
    """Add the lensed source to an empty scene and return its image (bands, side, side) without noise."""
    scene.add(_lensed(scene, model, galaxy, shape, radius), "young", galaxy.source_redshift, galaxy.source_magnitude)
    return scene.population.camera.expose(scene.surfaces, np.array(scene.brightness), psf)


def _lensed(scene: Scene, model: LensModel, galaxy: DrawnLens, shape: Shape, radius: float) -> Image:
    population, rng = scene.population, scene.rng
    strength, direction = population.shear * np.sqrt(rng.random()), rng.uniform(0, 2 * np.pi)
    ratio = float(np.clip(galaxy.lens_axis_ratio + 0.1 * rng.standard_normal(), 0.25, 0.99))
    deflector = Deflector(
        galaxy.einstein_radius, shape.x, shape.y, ratio, shape.angle + 0.1 * rng.standard_normal(),
        (float(strength * np.cos(direction)), float(strength * np.sin(direction))),
    )  # fmt: skip
    # A point at this distance from an isothermal sphere's axis is magnified so much.
    away = 2 * galaxy.einstein_radius / galaxy.magnification
    angle = rng.uniform(0, 2 * np.pi)
    place = Shape(
        shape.x + away * np.cos(angle), shape.y + away * np.sin(angle), radius, galaxy.source_axis_ratio,
        rng.uniform(0, np.pi),
    )  # fmt: skip
    clumps = int(rng.integers(1, 6)) if rng.random() < population.clumps else 0
    source = Source(place, rng.uniform(*population.source_index), clumps, rng.uniform(0.1, 0.5))
    return source.paint(deflector.trace(scene.grid, model), rng)
