"""Where an asteroid can be seen as a streak at all: elsewhere the network's score means nothing."""

from __future__ import annotations

#: Fastest sky motion that is at all usual, of asteroids that pass near the Earth [arcsec/h]: ten degrees a day.
FASTEST = 1500.0
#: Shortest trail that is longer than the narrowest PSF is wide, and so no point [px].
SHORTEST = 5.0
#: Smallest side of a stamp in which such a trail and some sky around it fit [px].
SMALLEST_SIDE = 24
#: Pixel scales [arcsec/px] at which the seeing spans 1.6 to 6 px, as in the training.
PIXEL_SCALES = (0.05, 1.4)


def trail_length(rate: float, exposure_time: float, pixel_scale: float) -> float:
    """Length of a trail [px] at a rate [arcsec/h], in an exposure [s], on pixels [arcsec]."""
    return rate * exposure_time / 3600.0 / pixel_scale


def reason_to_abstain(pixel_scale: float | None, exposure_time: float | None, side: int | None = None) -> str | None:
    """Tell why a streak cannot be judged, in words for the annotation; None where it can.

    Parameters
    ----------
    pixel_scale : float or None
        [arcsec/px]; what is not known is taken to fit.
    exposure_time : float or None
        [s].
    side : int, optional
        The stamp's smaller side [px].

    Notes
    -----
    In a 30 s exposure ten degrees a day are 12 px of ZTF's and 62 px of Rubin's, and a main-belt asteroid's
    30 arcsec/h a quarter of a pixel and 1.2 px: there, a null result says nothing of the main belt.
    """
    if side is not None and side < SMALLEST_SIDE:
        return f"stamp smaller than {SMALLEST_SIDE} px"
    if pixel_scale is None:
        return None
    if pixel_scale > PIXEL_SCALES[1]:
        return "pixel scale too coarse"
    if pixel_scale < PIXEL_SCALES[0]:
        return "pixel scale too fine"
    if exposure_time is not None and trail_length(FASTEST, exposure_time, pixel_scale) < SHORTEST:
        return "exposure too short for a trail"
    return None
