"""Where a merger can be told from an undisturbed galaxy at all: elsewhere the network's score means nothing."""

from __future__ import annotations

#: Pixel scales [arcsec/px]: coarser ones leave too few pixels to a galaxy, finer ones were never trained on.
PIXEL_SCALES = (0.03, 1.1)
#: Widest PSF [arcsec] that leaves the tidal tails of ordinary galaxies apart, with half-light radii of 2 to 5 arcsec.
WIDEST = 3.5
#: Smallest side of a stamp in FWHM of the PSF: twelve half-light radii of a galaxy of 1.5 FWHM, the smallest tested.
WIDTHS = 18.0
#: Smallest side of a stamp, as of the network's window [px].
FEWEST_PIXELS = 32


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
