"""The object in the middle: what lasts there, and what varies."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from models.simulate.worlds import light_curves
from models.simulate.worlds.field import galaxy, point

if TYPE_CHECKING:
    import galsim

    from models.simulate.worlds.instrument import Instrument
    from models.simulate.worlds.observed import Floats

FAINTEST_PEAK, BRIGHTEST_PEAK = 5.0, 50.0
"""S/N of supernovae, variable stars and asteroids at their brightest, in median seeing and sky."""

OUTERMOST = 1.7
"""Distance of a supernova from its host, in FWHM of the sharpest night: past 2 it would be another object."""

LONGEST = 1.8
"""Motion of an asteroid [FWHM] that is still taken for a point."""

Kind = tuple[str, str | None]
"""What is there ("star", "galaxy", "agn host" or "nothing"), and how it changes, if it does."""


@dataclass(frozen=True, slots=True, eq=False)
class Target:
    """An object.

    Attributes
    ----------
    lasting : list of GSObject
    varying : GSObject
        The source that may vary, of unit flux.
    offset : (float, float)
        Of the varying source from the lasting ones ["].
    gained : array (nights,)
        Its flux relative to the reference.
    """

    lasting: list[galsim.GSObject]
    varying: galsim.GSObject
    offset: tuple[float, float]
    gained: Floats


def draw_kind(shares: dict[Kind, float], rng: np.random.Generator) -> Kind:
    """Draw a kind of object."""
    return list(shares)[int(rng.choice(len(shares), p=list(shares.values())))]


def draw_target(instrument: Instrument, kind: Kind, magnitude: float, mjd: Floats, rng: np.random.Generator) -> Target:
    """Draw an object of a kind and a magnitude, and what it does at some nights."""
    what, change = kind
    flux, lasting = _lasting(instrument, what, magnitude, rng)
    peak = instrument.point_noise * np.exp(rng.uniform(np.log(FAINTEST_PEAK), np.log(BRIGHTEST_PEAK)))
    varying, offset, gained = point(1.0), (0.0, 0.0), np.zeros(len(mjd))
    if change == "agn":
        gained = flux * light_curves.agn(mjd, rng)
    elif change == "variable star":
        # No star loses more than nine tenths of its light.
        gained = min(peak, 0.9 * flux) * light_curves.variable_star(mjd, rng)
    elif change == "mover":
        varying = _asteroid(instrument, rng)
        gained[len(mjd) // 2] = peak
    elif change is not None:
        gained = peak * light_curves.supernova(mjd, rng.choice(mjd), rng)
    if change == "supernova hosted":
        distance, angle = OUTERMOST * instrument.sharpest * rng.uniform(0, 1), rng.uniform(0, 2 * np.pi)
        offset = float(distance * np.cos(angle)), float(distance * np.sin(angle))
    return Target(lasting, varying, offset, gained)


def _lasting(
    instrument: Instrument, what: str, magnitude: float, rng: np.random.Generator
) -> tuple[float, list[galsim.GSObject]]:
    """Draw what lasts, and return with it the flux of the point source in it."""
    flux = instrument.flux(magnitude)
    if what == "star":
        return flux, [point(flux)]
    if what == "galaxy":
        return 0.0, [galaxy(instrument, rng, magnitude)]
    if what == "agn host":
        nucleus = rng.uniform(0.2, 0.8)
        return nucleus * flux, [galaxy(instrument, rng, magnitude) * (1 - nucleus), point(nucleus * flux)]
    return 0.0, []


def _asteroid(instrument: Instrument, rng: np.random.Generator) -> galsim.GSObject:
    """Draw an asteroid that moves less than what would make a fault of it."""
    import galsim

    length = instrument.seeing * rng.choice([0.01, rng.uniform(0.3, LONGEST)])
    return galsim.Box(length, 0.01 * instrument.seeing).rotate(rng.uniform(0, 180) * galsim.degrees)
