"""What spoils an exposure: the faults that the simulated night puts into some of its images."""

from __future__ import annotations

from enum import StrEnum

import numpy as np

from models.simulate.sky import Floats


class Fault(StrEnum):
    """One way for an epoch's image to be problematic."""

    SATELLITE_TRAIL = "satellite trail"
    COSMIC_RAY = "cosmic ray"
    CLOUD = "cloud"
    BAD_COLUMN = "bad column"
    REGISTRATION_SHIFT = "registration shift"
    CCD_EDGE = "CCD edge"


def transparency(fault: Fault | None, rng: np.random.Generator) -> float:
    """Return the share of the sources' light that arrives: a cloud takes 0.7 to 2 mag."""
    return float(10 ** (-0.4 * rng.uniform(0.7, 2.0))) if fault is Fault.CLOUD else 1.0


def shift(fault: Fault | None, rng: np.random.Generator, fwhm: float) -> tuple[float, float]:
    """Draw how far an image is out of place [px]: some hundredth FWHM, and 1.5 to 3 where registration failed."""
    angle = rng.uniform(0, 2 * np.pi)
    length = fwhm * (rng.uniform(1.5, 3.0) if fault is Fault.REGISTRATION_SHIFT else rng.exponential(0.01))
    return float(length * np.cos(angle)), float(length * np.sin(angle))


def spoil(
    picture: Floats, fault: Fault | None, rng: np.random.Generator, *, sigma: float, fwhm: float, side: int
) -> Floats:
    """Put a fault on an image.

    Parameters
    ----------
    picture : array (n, n)
        With its margin.
    sigma : float
        Sky noise a pixel.
    fwhm : float
        Seeing [px].
    side : int
        The stamp that will be cut from the middle [px].

    Returns
    -------
    array (n, n)
        Faults that are no mark on the pixels (a cloud, a shift) leave the image as it is.
    """
    if fault is Fault.SATELLITE_TRAIL:
        return picture + _trail(picture.shape[0], rng, sigma, fwhm, side)
    if fault is Fault.COSMIC_RAY:
        return picture + _cosmic_ray(picture.shape[0], rng, sigma, side)
    if fault is Fault.BAD_COLUMN:
        middle = picture.shape[0] // 2
        first = middle + int(rng.integers(-side // 3, side // 3))
        spoilt = picture.copy()
        spoilt[:, first : first + int(rng.integers(1, 4))] += sigma * rng.choice([-1.0, 1.0]) * rng.uniform(15, 60)
        return spoilt
    return picture


def missing(fault: Fault | None, rng: np.random.Generator, side: int) -> slice:
    """Draw the columns of a stamp that lie beyond the CCD's edge: 5 to 45 % of them, or none."""
    if fault is not Fault.CCD_EDGE:
        return slice(0, 0)
    width = round(side * rng.uniform(0.05, 0.45))
    return slice(0, width) if rng.random() < 0.5 else slice(side - width, side)


def _trail(n: int, rng: np.random.Generator, sigma: float, fwhm: float, side: int) -> Floats:
    """Draw a line right across the stamp, as wide as the seeing and 5 to 40 sky sigmas bright."""
    angle, offset = rng.uniform(0, np.pi), rng.uniform(-0.35, 0.35) * side
    y, x = np.mgrid[:n, :n] - (n - 1) / 2
    distance = x * np.sin(angle) - y * np.cos(angle) - offset
    width = 1.1 * fwhm / 2.355
    brightness = sigma * np.exp(rng.uniform(np.log(5), np.log(40)))
    return np.asarray(brightness * np.exp(-0.5 * (distance / width) ** 2))


def _cosmic_ray(n: int, rng: np.random.Generator, sigma: float, side: int) -> Floats:
    """Draw a track of single bright pixels: a particle knows no seeing."""
    angle, length = rng.uniform(0, 2 * np.pi), rng.uniform(4, 0.4 * side)
    start = n / 2 + rng.uniform(-0.3, 0.3, 2) * side
    steps = np.arange(0, length, 0.5)
    x = np.rint(start[0] + steps * np.cos(angle)).astype(int).clip(0, n - 1)
    y = np.rint(start[1] + steps * np.sin(angle)).astype(int).clip(0, n - 1)
    track = np.zeros((n, n))
    track[y, x] = sigma * rng.uniform(20, 150) * rng.uniform(0.5, 1.5, len(steps))
    return track
