"""Point sources and galaxies on a small image: sums of Gaussians, so that the PSF only adds to their widths."""

from __future__ import annotations

import math
from functools import lru_cache

import numpy as np

from models.simulate.profiles import FWHM
from models.simulate.streaks.trail import Floats, Image

#: Four Gaussians that follow an exponential disc to 0.6 %: standard deviations in scale lengths, and shares of the
#: light; a least-squares fit over six scale lengths.
_DISC_WIDTHS, _DISC_SHARES = (0.196, 0.530, 1.110, 2.090), (0.0074, 0.0864, 0.3998, 0.5064)


@lru_cache(maxsize=8)
def grid(shape: tuple[int, int]) -> tuple[Floats, Floats]:
    """Places ``(x, y)`` of all pixels [px]."""
    y, x = np.mgrid[: shape[0], : shape[1]].astype(float)
    return x, y


def star(shape: tuple[int, int], x: float, y: float, fwhm: float, share: float = 0.0, width: float = 2.0) -> Image:
    """Paint a point source of unit flux, `share` of it in wings `width` times as wide."""
    across, along = (np.arange(shape[1]) - x) / fwhm * FWHM, (np.arange(shape[0]) - y) / fwhm * FWHM
    image = np.zeros(shape)
    for part, scale in ((1.0 - share, 1.0), (share, width)):
        if part:
            norm = part * FWHM**2 / (2.0 * math.pi * (fwhm * scale) ** 2)
            profile = np.exp(-0.5 * (along / scale) ** 2)[:, None] * np.exp(-0.5 * (across / scale) ** 2)
            image += norm * profile
    return image.astype(np.float32)


def galaxy(shape: tuple[int, int], x: float, y: float, fwhm: float, length: float, ratio: float, angle: float) -> Image:
    """Paint an exponential disc of unit flux seen through a Gaussian PSF.

    Parameters
    ----------
    shape : (rows, columns)
    x, y : float
        Centre [px].
    fwhm, length : float
        Of the PSF, and the scale length along the major axis [px].
    ratio, angle : float
        Axis ratio; direction of the major axis from x towards y [rad].
    """
    columns, rows = grid(shape)
    c, s = math.cos(angle), math.sin(angle)
    u, v = (columns - x) * c + (rows - y) * s, (rows - y) * c - (columns - x) * s
    image, seeing = np.zeros(shape), (fwhm / FWHM) ** 2
    for width, share in zip(_DISC_WIDTHS, _DISC_SHARES, strict=True):
        major, minor = (width * length) ** 2 + seeing, (width * length * ratio) ** 2 + seeing
        image += share / (2.0 * math.pi * math.sqrt(major * minor)) * np.exp(-0.5 * (u**2 / major + v**2 / minor))
    return image.astype(np.float32)
