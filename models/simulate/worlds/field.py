"""The sky about an object: galaxies and stars in their numbers, and the object itself, as GalSim profiles ["]."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import galsim

    from models.simulate.worlds.instrument import Instrument

GALAXIES, GALAXY_SLOPE = 27.0, 0.35
"""Galaxies an arcmin^2 brighter than r = 24.6, and the slope of their counts [dex/mag]."""

STARS, STAR_SLOPE = 4.0, 0.15
"""Stars, at high galactic latitude."""

FAINTER = 1.5
"""The field goes so many magnitudes below the detection limit: what is not seen one by one still ripples the sky."""

LARGEST = 0.1
"""Half-light radius of a galaxy, in sides of the painted square."""

INDICES = (0.5, 1.0, 1.5, 2.5, 4.0)
"""Sersic indices; few, since GalSim tabulates each once."""


def field(instrument: Instrument, rng: np.random.Generator, crowding: float = 1.0) -> list[galsim.GSObject]:
    """Draw all sources round an object.

    Parameters
    ----------
    instrument : Instrument
        Tells the area and the depth.
    rng : Generator
    crowding : float
        Times more stars than at high latitude.
    """
    width = instrument.painted * instrument.pixel_scale
    faintest = instrument.depth + FAINTER
    galaxies = _magnitudes(rng, GALAXIES, GALAXY_SLOPE, width, faintest)
    stars = _magnitudes(rng, crowding * STARS, STAR_SLOPE, width, faintest)
    sources = [galaxy(instrument, rng, one) for one in galaxies if one > instrument.saturation]
    sources += [point(instrument.flux(one)) for one in stars if one > instrument.saturation]
    return [one.shift(*rng.uniform(-width / 2, width / 2, 2)) for one in sources]


def point(flux: float) -> galsim.GSObject:
    """Return a source without extent."""
    import galsim

    return galsim.DeltaFunction(flux)


def galaxy(instrument: Instrument, rng: np.random.Generator, magnitude: float) -> galsim.GSObject:
    """Draw a galaxy, half with bulge and disc, half with one Sersic profile, as large as its magnitude suggests."""
    import galsim

    radius = 0.4 * 10 ** (-0.15 * (magnitude - 23) + rng.normal(0, 0.2))
    # What reached round the periodic square would come back from the other side.
    radius = np.clip(radius, 0.08, LARGEST * instrument.painted * instrument.pixel_scale)
    if rng.random() < 0.5:
        bulge = rng.uniform(0, 0.7)
        light = bulge * galsim.DeVaucouleurs(half_light_radius=0.5 * radius) + (1 - bulge) * galsim.Exponential(
            half_light_radius=radius
        )
    else:
        light = galsim.Sersic(n=float(rng.choice(INDICES)), half_light_radius=radius)
    return light.shear(q=rng.uniform(0.3, 1), beta=rng.uniform(0, 180) * galsim.degrees) * instrument.flux(magnitude)


def _magnitudes(rng: np.random.Generator, density: float, slope: float, width: float, faintest: float) -> list[float]:
    """Draw the magnitudes of all sources of a kind in a square of a width ["]: counts are a power law in flux."""
    expected = density * 10 ** (slope * (faintest - 24.6)) * (width / 60) ** 2
    return list(faintest + np.log10(rng.uniform(1e-9, 1, rng.poisson(expected))) / slope)
