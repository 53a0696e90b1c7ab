"""What happens in a simulated night: exposures, objects, and what is wrong with some images."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from models.simulate.camera import Camera
from models.simulate.faults import Fault
from models.simulate.sky import Floats, Galaxies, Stars

# The night that is simulated: MJD (TAI) of its first exposure, and how long it lasts [d].
FIRST_MJD = 61000.1
NIGHT_LENGTH = 0.3
# Share of the epochs of lasting objects whose image is spoilt.
FAULTY_SHARE = 0.15
MOVING_SHARE = 0.1


class Kind(StrEnum):
    """What an alert is of."""

    VARIABLE_STAR = "variable star"
    ACTIVE_NUCLEUS = "active nucleus"
    SUPERNOVA = "supernova"
    HOSTLESS = "hostless transient"
    MOVING = "moving object"
    STREAK = "asteroid's trail"
    MERGER = "transient in a merger"
    LENS = "transient in a lens"


#: What the night has a rare class's network for, by its name in annotations.
RARE = {Kind.STREAK: "streak", Kind.LENS: "lens", Kind.MERGER: "merger"}
#: What has no lasting object: each alert is one of its own.
MOVERS = (Kind.MOVING, Kind.STREAK)
LASTING = (Kind.VARIABLE_STAR, Kind.ACTIVE_NUCLEUS, Kind.SUPERNOVA, Kind.HOSTLESS)
LASTING_SHARES = (0.4, 0.25, 0.25, 0.1)


@dataclass(frozen=True, slots=True)
class Visit:
    """One exposure.

    Attributes
    ----------
    number : int
        Its place in the night, from 0.
    mjd : float
        TAI at mid-exposure [d].
    band : str
        Filter.
    seeing : float
        FWHM [arcsec].
    rotation : float
        Position angle of the pixels' +y, north over east [deg].
    """

    number: int
    mjd: float
    band: str
    seeing: float
    rotation: float


@dataclass(frozen=True, slots=True, eq=False)
class Picture:
    """A host that was painted elsewhere: pixels (side, side) of the camera's, without noise, and their FWHM ["]."""

    pixels: Floats
    fwhm: float


@dataclass(frozen=True, slots=True)
class Object:
    """Something in the sky that gives alerts.

    Attributes
    ----------
    number : int
        Its place among the night's objects, from 0.
    kind : Kind
        What it is.
    ra, dec : float
        ICRS [deg].
    significance : float
        Largest signal-to-noise ratio of its change.
    period, phase : float
        Of a varying one's change [d, rad].
    quiescent : float
        Flux of the object itself in the reference, 0 for what was not there [units of the pixels].
    motion : (float, float)
        East and north [arcsec per exposure].
    stars, galaxies : Stars, Galaxies
        All that the reference shows beside it.
    host : Picture or None
        What the reference shows at its place as well.
    """

    number: int
    kind: Kind
    ra: float
    dec: float
    significance: float
    period: float
    phase: float
    quiescent: float
    motion: tuple[float, float]
    stars: Stars
    galaxies: Galaxies
    host: Picture | None = None


@dataclass(frozen=True, slots=True)
class Epoch:
    """One alert to be: an object in an exposure, and the image's fault or None."""

    object: Object
    visit: Visit
    significance: float
    fault: Fault | None


def epochs(camera: Camera, alerts: int, rng: np.random.Generator) -> list[Epoch]:
    """Draw a night of one camera, in time order.

    Every lasting object is seen in every exposure; a moving one is an object of its own each time.

    Parameters
    ----------
    camera : Camera
        Who looks.
    alerts : int
        How many alerts to make.
    rng : Generator
        Decides everything.
    """
    moving = round(alerts * MOVING_SHARE)
    visits = _visits(camera, rng)
    kinds = rng.choice(len(LASTING), -(-(alerts - moving) // len(visits)), p=LASTING_SHARES)
    lasting = [draw_object(camera, number, LASTING[kind], rng) for number, kind in enumerate(kinds)]
    seen = [Epoch(one, visit, _significance(one, visit), _fault(rng)) for visit in visits for one in lasting]
    seen = seen[: alerts - moving]
    for number in range(len(lasting), len(lasting) + moving):
        one = draw_object(camera, number, Kind.MOVING, rng)
        seen.append(Epoch(one, visits[int(rng.integers(len(visits)))], one.significance, None))
    return sorted(seen, key=lambda epoch: epoch.visit.number)


def _visits(camera: Camera, rng: np.random.Generator) -> list[Visit]:
    def every() -> Iterator[Visit]:
        for number in range(camera.visits):
            yield Visit(
                number=number,
                mjd=FIRST_MJD + NIGHT_LENGTH * (number + 0.3 * rng.random()) / camera.visits,
                band=camera.bands[number % len(camera.bands)],
                seeing=float(camera.seeing * np.exp(np.clip(rng.normal(0, 0.18), -0.15, 0.5))),
                rotation=float(rng.uniform(0, 360)) if camera.rotates else 0.0,
            )

    return list(every())


def _significance(one: Object, visit: Visit) -> float:
    """Return the signed signal-to-noise ratio of the change; a varying object is never so faint as to give no alert."""
    if one.kind not in (Kind.VARIABLE_STAR, Kind.ACTIVE_NUCLEUS):
        return one.significance
    phase = np.sin(2 * np.pi * visit.mjd / one.period + one.phase)
    return float(np.copysign(max(abs(phase) * one.significance, 6.0), phase))


def _fault(rng: np.random.Generator) -> Fault | None:
    if rng.random() >= FAULTY_SHARE:
        return None
    return list(Fault)[int(rng.integers(len(Fault)))]


def draw_object(camera: Camera, number: int, kind: Kind, rng: np.random.Generator) -> Object:
    """Draw an object in the middle of a field of stars and galaxies."""
    reach = 0.65 * camera.largest_side * camera.pixel_scale
    area = (2 * reach / 60) ** 2
    stars = _field(camera, rng, reach, int(rng.poisson(camera.stars * area)))
    galaxies = _galaxies(camera, rng, reach, int(rng.poisson(camera.galaxies * area)))
    brightness = float(camera.flux(rng.uniform(camera.bright, camera.faint - 2.5)))
    if kind in (Kind.ACTIVE_NUCLEUS, Kind.SUPERNOVA):
        host = _galaxies(camera, rng, 0.0, 1)
        # A supernova lies somewhere in its host, a nucleus in the middle: move the host, not the object.
        away = rng.exponential(host.length[0]) if kind is Kind.SUPERNOVA else 0.0
        towards = rng.uniform(0, 2 * np.pi)
        host = Galaxies(
            host.x + away * np.sin(towards),
            host.y + away * np.cos(towards),
            np.array([brightness]),
            host.index,
            host.length,
            host.ratio,
            host.angle,
        )
        galaxies = _joined(galaxies, host)
    speed = camera.pixel_scale * np.exp(rng.uniform(np.log(0.1), np.log(6.0))) if kind is Kind.MOVING else 0.0
    heading = rng.uniform(0, 2 * np.pi)
    return Object(
        number=number,
        kind=kind,
        ra=float(camera.ra + rng.uniform(-1.5, 1.5) / np.cos(np.radians(camera.dec))),
        dec=float(camera.dec + rng.uniform(-1.5, 1.5)),
        significance=float(np.clip(np.exp(rng.normal(np.log(14), 0.7)), 6, 200)),
        period=float(np.exp(rng.uniform(np.log(0.15), np.log(2.0)))),
        phase=float(rng.uniform(0, 2 * np.pi)),
        quiescent=brightness if kind in (Kind.VARIABLE_STAR, Kind.ACTIVE_NUCLEUS) else 0.0,
        motion=(float(speed * np.sin(heading)), float(speed * np.cos(heading))),
        stars=stars,
        galaxies=galaxies,
    )


def _magnitudes(camera: Camera, rng: np.random.Generator, count: int) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """Draw magnitudes: fainter sources are commoner, their numbers grow as 10^(0.3 m)."""
    low, high = 10 ** (0.3 * camera.bright), 10 ** (0.3 * camera.faint)
    return np.asarray(np.log10(rng.uniform(low, high, count)) / 0.3)


def _field(camera: Camera, rng: np.random.Generator, reach: float, count: int) -> Stars:
    x, y = rng.uniform(-reach, reach, (2, count))
    return Stars(x, y, camera.flux(_magnitudes(camera, rng, count)))


def _galaxies(camera: Camera, rng: np.random.Generator, reach: float, count: int) -> Galaxies:
    x, y = rng.uniform(-reach, reach, (2, count))
    disc = rng.random(count) < 0.7
    return Galaxies(
        x,
        y,
        camera.flux(_magnitudes(camera, rng, count)),
        np.where(disc, 0.5, -0.6),
        np.exp(rng.normal(np.log(camera.galaxy_length), 0.4, count)),
        np.where(disc, rng.uniform(0.25, 1.0, count), rng.uniform(0.6, 1.0, count)),
        rng.uniform(0, np.pi, count),
    )


def _joined(one: Galaxies, other: Galaxies) -> Galaxies:
    return Galaxies(*(np.append(getattr(one, name), getattr(other, name)) for name in Galaxies.__dataclass_fields__))
