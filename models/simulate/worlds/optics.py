"""What becomes of a point: seeing, and the three faults that spoil all sources of an image alike.

Profiles are GalSim's; lengths are in the unit of the FWHM that is passed.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import galsim

Blur = Callable[[np.random.Generator, float], "galsim.GSObject"]

SLOPES = (2.5, 3.5, 4.5)
"""Of Moffat's profile; few, since GalSim tabulates each once."""

OBSCURATION = 0.4
"""Diameter of the secondary mirror in that of the primary."""


def seeing(rng: np.random.Generator, fwhm: float) -> galsim.GSObject:
    """Draw a point-spread function: Kolmogorov's or Moffat's, with an ellipticity of a few per cent."""
    import galsim

    slope = rng.choice((0.0, *SLOPES))
    round_one = galsim.Kolmogorov(fwhm=fwhm) if slope == 0 else galsim.Moffat(beta=slope, fwhm=fwhm)
    e1, e2 = rng.normal(0, 0.02, 2)
    return round_one.shear(g1=e1, g2=e2)


def defocus(rng: np.random.Generator, fwhm: float) -> galsim.GSObject:
    """Draw the pupil's image out of focus: a ring 1.2 to 5 FWHM across."""
    import galsim

    radius = fwhm * rng.uniform(0.6, 2.5)
    hole = OBSCURATION**2
    ring = galsim.TopHat(radius) - hole * galsim.TopHat(OBSCURATION * radius)
    return ring / (1 - hole)


def tracking(rng: np.random.Generator, fwhm: float) -> galsim.GSObject:
    """Draw the path of a telescope that lost its guide star: a line of 0.8 to 5.3 FWHM, or a jump of that length."""
    import galsim

    length, angle = fwhm * rng.uniform(0.8, 5.3), rng.uniform(0, 180) * galsim.degrees
    if rng.random() < 0.3:
        share = rng.uniform(0.25, 0.75)
        first, second = galsim.DeltaFunction(share), galsim.DeltaFunction(1 - share)
        path = first.shift(-length * (1 - share), 0) + second.shift(length * share, 0)
    else:
        path = galsim.Box(length, 0.01 * fwhm)
    return path.rotate(angle)


def registration(rng: np.random.Generator, fwhm: float) -> galsim.GSObject:
    """Draw a shift of 0.53 to 2.6 FWHM."""
    import galsim

    length, angle = fwhm * rng.uniform(0.53, 2.6), rng.uniform(0, 2 * np.pi)
    return galsim.DeltaFunction().shift(length * np.cos(angle), length * np.sin(angle))


def cloud(rng: np.random.Generator) -> float:
    """Draw the share of light that a cloud of 0.5 to 3 mag lets through."""
    return float(10 ** (-0.4 * rng.uniform(0.5, 3.0)))


BLURS: dict[str, Blur] = {"defocus": defocus, "tracking": tracking, "registration": registration}
CLOUD = "cloud"
