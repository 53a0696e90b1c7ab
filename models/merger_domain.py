"""Where a merger can be told from an undisturbed galaxy at all: elsewhere the network's score means nothing."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from models.merger_network import brightest, sky_level

if TYPE_CHECKING:
    from numpy.typing import NDArray

#: Pixel scales [arcsec/px]: coarser ones leave too few pixels to a galaxy, finer ones were never trained on.
PIXEL_SCALES = (0.03, 1.1)
#: Widest PSF [arcsec] that leaves the tidal tails of ordinary galaxies apart, with half-light radii of 2 to 5 arcsec.
WIDEST = 3.5
#: Smallest side of a stamp in FWHM of the PSF: twelve half-light radii of a galaxy of 1.5 FWHM, the smallest tested.
WIDTHS = 18.0
#: Smallest side of a stamp, as of the network's window [px].
FEWEST_PIXELS = 32
NO_GALAXY = "no galaxy: as narrow as a star"

#: Radii [FWHM] of which the inner holds half of the outer's light where the PSF is all that is seen: of a Gaussian it
#: holds 74 %, of a Moffat's 57 %; of a disc with half of its light in 1.5 FWHM 24 %, of de Vaucouleurs' law 38 %.
_INNER, _OUTER = 0.7, 2.0


def reason_to_abstain(pixel_scale: float | None, fwhm: float | None, side: float | None) -> str | None:
    """Tell why a merger cannot be judged, in words for the annotation; None where it can.

    Parameters
    ----------
    pixel_scale : float or None
        [arcsec/px]; what is not known is taken to fit.
    fwhm : float or None
        Of the point spread function [arcsec].
    side : float or None
        The stamp's smaller side [arcsec].

    Notes
    -----
    Tails reach three to six half-light radii out. Four of five of Rubin's stamps, 7 arcsec wide or less, hold eight
    FWHM and so none of it; ZTF's hold thirty.
    """
    if pixel_scale is not None:
        if pixel_scale > PIXEL_SCALES[1]:
            return "pixel scale too coarse"
        if pixel_scale < PIXEL_SCALES[0]:
            return "pixel scale too fine"
        if side is not None and side / pixel_scale < FEWEST_PIXELS - 0.5:
            return f"stamp smaller than {FEWEST_PIXELS} px"
    if fwhm is not None:
        if fwhm > WIDEST:
            return "seeing too poor for tidal tails"
        if side is not None and side < WIDTHS * fwhm:
            return f"stamp smaller than {WIDTHS:g} FWHM: no room for tidal tails"
    return None


def is_point_source(stamp: NDArray[np.float32], fwhm: float) -> bool:
    """Tell whether what is in the middle is as narrow as the point spread function: a star, not a galaxy.

    Only the light is measured that is alike on opposite sides of the brightest pixel, so that a star on which others
    encroach is still one.

    Parameters
    ----------
    stamp : float32 array (rows, columns)
        What is judged in the middle; NaN where pixels are missing.
    fwhm : float
        Of the point spread function [px].
    """
    level, noise = sky_level(stamp)
    if noise == 0.0:
        return False
    light = np.where(np.isfinite(stamp), stamp - np.float32(level), np.float32(0))
    row, column = brightest(light)
    reach = math.ceil(_OUTER * fwhm)
    around = _around(light, row, column, reach)
    # Of two pixels in noise the fainter is this much below their mean.
    alike = np.minimum(around, around[::-1, ::-1]) + noise / math.sqrt(math.pi)
    offset = np.arange(-reach, reach + 1)
    distance = np.hypot(offset[:, None], offset)
    inner, outer = (float((alike * np.clip(one * fwhm + 0.5 - distance, 0.0, 1.0)).sum()) for one in (_INNER, _OUTER))
    return inner > 0.5 * outer > 0.0


def _around(light: NDArray[np.float32], row: int, column: int, reach: int) -> NDArray[np.float32]:
    """Cut out the square round a pixel; 0 beyond the stamp."""
    found = np.zeros((2 * reach + 1, 2 * reach + 1), np.float32)
    top, left = max(row - reach, 0), max(column - reach, 0)
    inner = light[top : row + reach + 1, left : column + reach + 1]
    top, left = top - row + reach, left - column + reach
    found[top : top + inner.shape[0], left : left + inner.shape[1]] = inner
    return found
