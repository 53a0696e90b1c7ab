r"""Nearby galaxies whose stellar masses and star-formation rates are known, in colour: a catalogue and its images.

Each galaxy follows published relations, so that mass and rate show in its pixels as they do on the sky, and no better:

- stellar mass: the double Schechter function of Baldry et al. 2012 (MNRAS 421, 621),
- quiescent or not: mass quenching, Peng et al. 2010 (ApJ 721, 193),
- star-formation rate: the main sequence of Speagle et al. 2014 (ApJS 214, 15), 0.3 dex wide; quiescent ones far below,
- half-light radius: van der Wel et al. 2014 (ApJ 788, 28), z = 0.25, with its scatter,
- luminosity: mass over the mass-to-light ratio of the colour, Bell et al. 2003 (ApJS 149, 289), 0.1 dex wide,
- sample and images: those of SDSS's main galaxies, r < 17.77, ``gri``, 0.396 arcsec/px.

The colour goes with the specific rate along a line of our own between the blue cloud and the red sequence, and dust
reddens inclined discs; redshifts are known to nobody, and only dim, shrink and redden.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from models.simulate import sky

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

SIDE, SCALE = 64, 0.396
FAINTEST = 17.77
#: 5 sigma of a point source in g, r and i, and the seeing that it holds for [arcsec] (York et al. 2000).
_DEPTH, _SEEING = np.array([22.2, 22.2, 21.3]), 1.4
_MASSES, _FARTHEST = (8.5, 11.9), 0.25
_LIGHT_SPEED, _HUBBLE, _SUN = 299792.458, 70.0, 4.65
#: Specific star-formation rate [log 1/yr], and the colour g - r that goes with it.
_SPECIFIC, _COLOUR = (-12.0, -11.0, -10.0, -9.0), (0.76, 0.67, 0.45, 0.25)
_KNOTS, _KNOT_LIGHT = 30, 0.2
#: Of Spergel's profiles: index and half-light radius in scale lengths, of a disc and of a spheroid.
_DISC, _SPHEROID = (0.5, 1.678), (-0.6, 0.545)


@dataclass(frozen=True, slots=True, eq=False)
class KnownGalaxies:
    """Galaxies as drawn, one entry each.

    Attributes
    ----------
    mass : array
        Stellar mass [log solar masses].
    rate : array
        Star-formation rate [log solar masses a year].
    quiescent : bool array
    redshift : array
    radius : array
        Half-light radius along the major axis [arcsec].
    ratio : array
        Axis ratio.
    spheroid : array
        Share of the light.
    magnitudes : array (n, 3)
        g, r, i.
    """

    mass: Floats
    rate: Floats
    quiescent: NDArray[np.bool_]
    redshift: Floats
    radius: Floats
    ratio: Floats
    spheroid: Floats
    magnitudes: Floats

    def __len__(self) -> int:
        return len(self.mass)

    def part(self, which: NDArray[np.generic] | slice) -> KnownGalaxies:
        """Return some of them."""
        return KnownGalaxies(*(getattr(self, name)[which] for name in self.__slots__))


def draw(rng: np.random.Generator, count: int) -> KnownGalaxies:
    """Draw galaxies as bright as the sample's limit or brighter."""
    found: list[KnownGalaxies] = []
    while sum(map(len, found)) < count:
        every = _volume(rng, 20_000)
        found.append(every.part(every.magnitudes[:, 1] < FAINTEST))
    return KnownGalaxies(
        *(np.concatenate([getattr(one, name) for one in found])[:count] for name in KnownGalaxies.__slots__)
    )


def _volume(rng: np.random.Generator, count: int) -> KnownGalaxies:
    """Draw all galaxies of a volume."""
    grid = np.linspace(*_MASSES, 1000)
    over = 10 ** (grid - 10.66)
    cumulated = np.cumsum(np.exp(-over) * (3.96 * over ** (1 - 0.35) + 0.79 * over ** (1 - 1.47)))
    mass = np.interp(rng.random(count), cumulated / cumulated[-1], grid)
    redshift = _FARTHEST * rng.uniform(1e-5, 1.0, count) ** (1 / 3)
    quiescent = rng.random(count) < 1.0 - np.exp(-((10 ** (mass - 10.56)) ** 0.8))
    age = 13.5 / (1.0 + redshift) ** 1.1  # of the Universe [Gyr]
    sequence = (0.84 - 0.026 * age) * mass - (6.51 - 0.11 * age) + rng.normal(0.0, 0.3, count)
    rate = np.where(quiescent, mass - 12.0 + rng.normal(0.0, 0.3, count), sequence)

    ratio = np.where(quiescent, rng.uniform(0.5, 1.0, count), np.hypot(0.2, 0.98 * rng.random(count)))
    spheroid = np.where(quiescent, rng.uniform(0.5, 1.0, count), 0.1 + 0.12 * (mass - 9.5) + rng.normal(0, 0.1, count))
    kpc = np.where(
        quiescent, 0.60 + 0.75 * (mass - 10.7) + rng.normal(0, 0.10, count),
        0.86 + 0.25 * (mass - 10.7) + rng.normal(0, 0.16, count),
    )  # fmt: skip
    distance = _LIGHT_SPEED / _HUBBLE * (redshift + 0.775 * redshift**2)  # luminosity distance, q0 = -0.55 [Mpc]
    radius = 206.265 * 10**kpc / (distance / (1.0 + redshift) ** 2)

    colour = np.interp(rate - mass, _SPECIFIC, _COLOUR) + 0.03 * (mass - 10.5) + rng.normal(0, 0.03, count)
    colour += np.where(quiescent, 0.0, 0.12 * (1.0 - ratio))
    to_light = -0.306 + 1.097 * colour - 0.15 + rng.normal(0, 0.1, count)
    red = _SUN - 2.5 * (mass - to_light) + 5.0 * np.log10(distance * 1e5) - 2.5 * np.log10(1.0 + redshift)
    seen = colour * (1.0 + 2.2 * redshift)  # the 4000 A break moves through g
    magnitudes = np.stack([red + seen, red, red - 0.5 * seen], axis=1)
    return KnownGalaxies(mass, rate, quiescent, redshift, radius, ratio, np.clip(spheroid, 0.0, 1.0), magnitudes)


def images(galaxies: KnownGalaxies, rng: np.random.Generator) -> NDArray[np.float32]:
    """Show galaxies in g, r and i.

    Returns
    -------
    float32 array (n, 3, SIDE, SIDE)
        In units in which magnitude 22.5 is 1.
    """
    return np.stack([_image(galaxies, number, rng) for number in range(len(galaxies))])


def _image(galaxies: KnownGalaxies, number: int, rng: np.random.Generator) -> NDArray[np.float32]:
    square = SIDE + 2 * sky.MARGIN
    x, y = ((square - 1) / 2 + rng.uniform(-0.5, 0.5, 2)).tolist()
    grid = sky.Grid(square, 1, x, y, (1 / SCALE, 0.0, 0.0, 1 / SCALE))
    radius, ratio, angle = galaxies.radius[number], galaxies.ratio[number], rng.uniform(0, np.pi)
    seeing = float(np.clip(rng.normal(_SEEING, 0.12), 1.0, 2.0))
    disc, spheroid = (
        _component(grid, index, size / half_light, flat, angle, seeing)
        for (index, half_light), size, flat in ((_DISC, radius, ratio), (_SPHEROID, _spheroid_radius(galaxies, number),
                                                                         max(ratio, 0.6)))
    )  # fmt: skip
    fluxes = 10 ** (0.4 * (22.5 - galaxies.magnitudes[number]))
    # The spheroid is redder than the whole, by a tenth of a magnitude between neighbouring bands.
    of_spheroid = fluxes * galaxies.spheroid[number] * 10 ** (0.4 * np.array([-0.1, 0.0, 0.1]))
    of_spheroid = np.minimum(of_spheroid, fluxes)
    knots = 0.0 if galaxies.quiescent[number] else _KNOT_LIGHT * np.array([1.3, 1.0, 0.8])
    light = np.multiply.outer(of_spheroid, spheroid) + np.multiply.outer((fluxes - of_spheroid) * (1 - knots), disc)
    if not galaxies.quiescent[number]:
        light += np.multiply.outer((fluxes - of_spheroid) * knots, _knots(grid, radius, ratio, angle, seeing, rng))
    noise = 10 ** (0.4 * (22.5 - _DEPTH)) / 5 / np.sqrt(sky.noise_area(_SEEING, SCALE))
    seen = np.stack([sky.crop(one, SIDE) for one in light]) + noise[:, None, None] * rng.normal(size=(3, SIDE, SIDE))
    return np.asarray(seen, np.float32)


def _spheroid_radius(galaxies: KnownGalaxies, number: int) -> float:
    return float(galaxies.radius[number] * (1.0 if galaxies.quiescent[number] else 0.25))


def _component(grid: sky.Grid, index: float, length: float, ratio: float, angle: float, seeing: float) -> Floats:
    """Show a profile of unit flux."""
    nothing, one = np.empty(0), np.ones(1)
    profile = sky.Galaxies(0 * one, 0 * one, one, index * one, length * one, ratio * one, angle * one)
    return sky.image(grid, sky.spectrum(grid, sky.Stars(nothing, nothing, nothing), profile), seeing)


def _knots(
    grid: sky.Grid, radius: float, ratio: float, angle: float, seeing: float, rng: np.random.Generator
) -> Floats:
    """Show star-forming regions of unit flux altogether, strewn over the disc."""
    r, turn = rng.gamma(2.0, radius / 1.678, _KNOTS), rng.uniform(0, 2 * np.pi, _KNOTS)
    along, across = r * np.cos(turn), ratio * r * np.sin(turn)
    flux = rng.dirichlet(np.ones(_KNOTS))
    stars = sky.Stars(
        along * np.sin(angle) + across * np.cos(angle), along * np.cos(angle) - across * np.sin(angle), flux
    )
    return sky.image(grid, sky.spectrum(grid, stars), seeing)
