r"""Tidal encounters of two disc galaxies as a restricted three-body problem (Toomre & Toomre 1972, ApJ 178, 623).

Each galaxy is one rigid, softened point mass; its disc consists of massless particles that feel both. The pull of a
mass m at distance r is :math:`m / (r^2 + \epsilon^2)`. Units: the first galaxy's mass and its disc's outer radius, and
G = 1, so that a circle at that radius takes 6.6 units of time.

The two masses are put at their closest approach, followed back to where they hardly feel each other, given their discs,
and followed forwards; after the closest approach Chandrasekhar's (1943, ApJ 97, 255) drag of a halo slows them, in the
form that it has in an isothermal one: :math:`-\kappa\, m_\mathrm{small} / (r^2 + s^2)` along the motion.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Singles = npt.NDArray[np.float32]

#: Softening in outer radii of each disc.
SOFTENING = 0.3
#: Time step. At the innermost ring's frequency of 11 its square is small against the Verlet limit.
STEP = 0.02
#: Time between the start and the closest approach.
APPROACH = 5.0
#: Rings and particles of each; the innermost and the outermost ring in outer radii.
RINGS, SPOKES = 36, 64
INNERMOST, OUTERMOST = 0.06, 1.15
#: Encounters that are followed at once: their particles stay in the processor's cache.
_CHUNK = 6


@dataclass(frozen=True, slots=True, eq=False)
class Encounters:
    r"""Pairs of galaxies; one entry an encounter.

    Attributes
    ----------
    mass : array (n,)
        Of the second galaxy.
    radius : array (n,)
        Outer radius of the second disc.
    pericentre : array (n,)
        Closest distance.
    speed : array (n,)
        At the closest approach, in units of the speed of escape there: 1 is a parabola.
    drag : array (n,)
        :math:`\kappa`.
    spin : array (n, 2, 3, 3)
        Rotates each disc from its own plane into the orbit's.
    """

    mass: Floats
    radius: Floats
    pericentre: Floats
    speed: Floats
    drag: Floats
    spin: Floats

    def __len__(self) -> int:
        return len(self.mass)

    def part(self, which: slice) -> Encounters:
        """Cut out some."""
        return Encounters(*(getattr(self, name)[which] for name in self.__slots__))


@dataclass(frozen=True, slots=True, eq=False)
class Tides:
    """Where everything is at one time of each encounter.

    Attributes
    ----------
    time : array (n,)
        Since the closest approach.
    centres, velocities : arrays (n, 2, 3)
        Of the galaxies, in the frame of their centre of mass.
    discs : float32 array (n, 2, RINGS, SPOKES, 3)
        Particles, from their galaxy's centre, in outer radii of their own disc, in the axes of that disc turned
        along with each ring: an undisturbed particle stays at its `ring` and `spoke`.
    """

    time: Floats
    centres: Floats
    velocities: Floats
    discs: Singles


def ring() -> Floats:
    """Radii of the rings [outer radii] (RINGS,)."""
    return np.asarray(np.linspace(INNERMOST, OUTERMOST, RINGS), np.float64)


def spoke() -> Floats:
    """Angles of the particles of a ring (SPOKES,)."""
    return np.asarray(np.arange(SPOKES) * (2.0 * np.pi / SPOKES), np.float64)


def frequency(radius: Floats | Singles, mass: Floats | float = 1.0, size: Floats | float = 1.0) -> Floats:
    """Angular frequency of a circle of `radius` [outer radii] in a galaxy of that mass and outer radius."""
    return np.asarray(np.sqrt(mass / size**3 / (radius * (radius**2 + SOFTENING**2))))


def escape(distance: Floats, mass: Floats, softening: Floats) -> Floats:
    """Speed of escape from a pull of :math:`m / (r^2 + s^2)`."""
    return np.asarray(np.sqrt(2.0 * mass / softening * (0.5 * np.pi - np.arctan(distance / softening))))


def random_rotations(rng: np.random.Generator, *shape: int) -> Floats:
    """Draw rotations (*shape, 3, 3), every one as likely (Shoemake 1992): of unit quaternions."""
    w, x, y, z = np.moveaxis((q := rng.standard_normal((*shape, 4))) / np.linalg.norm(q, axis=-1, keepdims=True), -1, 0)
    rows = (
        (1 - 2 * (y * y + z * z), 2 * (x * y - z * w), 2 * (x * z + y * w)),
        (2 * (x * y + z * w), 1 - 2 * (x * x + z * z), 2 * (y * z - x * w)),
        (2 * (x * z - y * w), 2 * (y * z + x * w), 1 - 2 * (x * x + y * y)),
    )
    return np.stack([np.stack(row, axis=-1) for row in rows], axis=-2)


def follow(encounters: Encounters, times: Floats) -> list[Tides]:
    """Follow encounters through their closest approach.

    Parameters
    ----------
    encounters : Encounters
    times : array (n, views)
        When each is looked at, since the closest approach; rounded to `STEP`.

    Returns
    -------
    list of Tides
        One a view.
    """
    chunks = [slice(start, start + _CHUNK) for start in range(0, len(encounters), _CHUNK)]
    followed = [_follow(encounters.part(one), times[one]) for one in chunks]
    return [
        Tides(*(np.concatenate([getattr(chunk[view], name) for chunk in followed]) for name in Tides.__slots__))
        for view in range(times.shape[1])
    ]


def disturbed(tides: Tides, length: float = 0.3, shift: float = 0.35) -> Floats:
    """Tell how much of each disc was torn out of place.

    Parameters
    ----------
    tides : Tides
    length : float
        Scale length of the light [outer radii].
    shift : float
        What counts as torn [outer radii].

    Returns
    -------
    array (n, 2)
        Share of the light.
    """
    radius, angle = ring()[:, None], spoke()
    circles = np.stack([radius * np.cos(angle), radius * np.sin(angle), 0.0 * radius * angle], axis=-1)
    torn = np.linalg.norm(tides.discs - circles, axis=-1) > shift
    light = radius * np.exp(-radius / length) * np.ones_like(angle)
    return np.asarray((torn * light).sum(axis=(2, 3)) / light.sum())


def _orbits(encounters: Encounters, last: float) -> tuple[Floats, Floats, int]:
    """Separations and velocities of the pairs at every step (steps, n, 3), and the number of the closest approach."""
    total = 1.0 + encounters.mass
    softening = SOFTENING * np.hypot(1.0, encounters.radius)
    small = np.minimum(encounters.mass, 1.0)

    def pull(apart: Floats, velocity: Floats, drag: Floats | float) -> Floats:
        distance = np.linalg.norm(apart, axis=1)
        weakening = 1.0 / (distance**2 + softening**2)
        speed = np.linalg.norm(velocity, axis=1)
        toward: Floats = -(total * weakening / (distance + 1e-3))[:, None] * apart
        braking: Floats = -(drag * small * weakening / (speed + 0.3))[:, None] * velocity
        return toward + braking

    nothing = np.zeros(len(encounters))
    start = np.stack([encounters.pericentre, nothing, nothing], axis=1)
    speed = encounters.speed * escape(encounters.pericentre, total, softening)
    motion = np.stack([nothing, speed, nothing], axis=1)
    ways = []
    for steps, step, drag in ((round(APPROACH / STEP), -STEP, 0.0), (round(last / STEP), STEP, encounters.drag)):
        apart, velocity, way = start, motion, [(start, motion)]
        for _ in range(steps):
            velocity = velocity + 0.5 * step * pull(apart, velocity, drag)
            apart = apart + step * velocity
            velocity = velocity + 0.5 * step * pull(apart, velocity, drag)
            way.append((apart, velocity))
        ways.append(way)
    way = ways[0][:0:-1] + ways[1]
    return np.stack([one[0] for one in way]), np.stack([one[1] for one in way]), len(ways[0]) - 1


def _follow(encounters: Encounters, times: Floats) -> list[Tides]:
    count = len(encounters)
    separations, speeds, closest = _orbits(encounters, float(times.max()))
    shares = np.stack([-encounters.mass, np.ones(count)], axis=1) / (1.0 + encounters.mass)[:, None]
    centres = separations[:, :, None] * shares[None, :, :, None]
    velocities = speeds[:, :, None] * shares[None, :, :, None]
    masses = np.stack([np.ones(count), encounters.mass], axis=1)
    sizes = np.stack([np.ones(count), encounters.radius], axis=1)
    turning = frequency(ring()[:, None], masses[..., None, None], sizes[..., None, None])  # (n, 2, rings, 1)
    angle = spoke() - turning * closest * STEP
    radius = (sizes[..., None, None] * ring()[:, None])[..., None]
    outward = np.stack([np.cos(angle), np.sin(angle), 0.0 * angle], axis=-1)
    onward = np.stack([-np.sin(angle), np.cos(angle), 0.0 * angle], axis=-1)
    into_orbit = encounters.spin[:, :, None, None]
    place = (into_orbit @ (radius * outward)[..., None])[..., 0] + centres[0][:, :, None, None]
    motion = (into_orbit @ (radius * turning[..., None] * onward)[..., None])[..., 0]
    motion += velocities[0][:, :, None, None]
    # One array a coordinate, particles last: (3, n, 2 * rings * spokes).
    x, v = (np.ascontiguousarray(np.moveaxis(one.reshape(count, -1, 3), -1, 0), np.float32) for one in (place, motion))
    views = closest + np.rint(times / STEP).astype(int)
    gathered = np.zeros((times.shape[1], count, 2, RINGS, SPOKES, 3), np.float32)
    softened = (SOFTENING * sizes) ** 2
    kick = _pull(x, centres[0], masses, softened)
    for number in range(len(centres)):
        for one, view in zip(*np.nonzero(views == number), strict=True):
            apart = x[:, one].T.reshape(2, RINGS, SPOKES, 3) - centres[number][one][:, None, None]
            apart = apart @ encounters.spin[one][:, None]  # the inverse rotation, from the right
            gathered[view, one] = _turned_back(apart / sizes[one][:, None, None, None], turning[one] * times[one, view])
        if number + 1 < len(centres):
            v += (0.5 * STEP) * kick
            x += STEP * v
            kick = _pull(x, centres[number + 1], masses, softened)
            v += (0.5 * STEP) * kick
    everyone = np.arange(count)
    return [
        Tides(times[:, view], centres[views[:, view], everyone], velocities[views[:, view], everyone], discs)
        for view, discs in enumerate(gathered)
    ]


def _turned_back(apart: Floats, angle: Floats) -> Singles:
    """Turn points (2, rings, spokes, 3) in their disc's plane back by the angles (2, rings, 1)."""
    c, s = np.cos(angle), np.sin(angle)
    x, y, z = np.moveaxis(apart, -1, 0)
    return np.stack([x * c + y * s, y * c - x * s, z], axis=-1).astype(np.float32)


def _pull(x: Singles, centres: Floats, masses: Floats, softened: Floats) -> Singles:
    """Acceleration (3, n, particles) by both galaxies."""
    total = np.zeros_like(x)
    for galaxy in (0, 1):
        apart = x - centres[:, galaxy].T.astype(np.float32)[..., None]
        square = np.einsum("kij,kij->ij", apart, apart)
        square += np.float32(1e-6)
        strength = np.sqrt(square)
        square += softened[:, galaxy, None].astype(np.float32)
        strength *= square
        np.divide(-masses[:, galaxy, None].astype(np.float32), strength, out=strength)
        apart *= strength
        total += apart
    return total
