"""Where a strong lens can be seen at all: elsewhere the network's score means nothing."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class _Sky:
    """What one kind of survey's networks were trained for: bounds [arcsec/px], [arcsec] of the FWHM and the side."""

    pixel_scales: tuple[float, float]
    widest: float
    smallest: float


#: A median lens has an Einstein radius of 1.2 arcsec from the ground, 0.65 from space: wider seeing hides its arcs.
_GROUND, _SPACE = _Sky((0.14, 0.3), 1.25, 5.5), _Sky((0.05, 0.13), 0.3, 5.0)


def form_for(pixel_scale: float | None, fwhm: float | None, bands: int) -> str | None:
    """Tell which of `lens_network.FORMS` takes such stamps; None where none does.

    Parameters
    ----------
    pixel_scale : float or None
        [arcsec/px].
    fwhm : float or None
        Of the PSF [arcsec]; what is not known is taken to fit.
    bands : int
        Of the stamp: 4 are u, g, r, i, of which some may be missing.
    """
    sky = _sky(pixel_scale)
    if sky is None or (fwhm is not None and fwhm > sky.widest):
        return None
    if sky is _GROUND and bands in {1, 4}:
        return "ground" if bands == 1 else "ground-ugri"
    return "space" if bands == 1 else None


def reason_to_abstain(pixel_scale: float | None, fwhm: float | None, side: float | None = None) -> str | None:
    """Tell why a lens cannot be judged, in words for the annotation; None where it can.

    Parameters
    ----------
    pixel_scale : float or None
        [arcsec/px].
    fwhm : float or None
        Of the PSF [arcsec]; what is not known is taken to fit.
    side : float, optional
        The stamp's smaller side [arcsec].

    Notes
    -----
    ZTF's pixels of 1 arcsec and seeing of 2 are as wide as a lens: it has no score ever.
    """
    if pixel_scale is None:
        return "pixel scale unknown"
    if pixel_scale > _GROUND.pixel_scales[1]:
        return "pixel scale too coarse"
    sky = _sky(pixel_scale)
    if sky is None:
        return "pixel scale of no training"
    if fwhm is not None and fwhm > sky.widest:
        return "seeing too wide"
    if side is not None and side < sky.smallest:
        return f"stamp smaller than {sky.smallest:g} arcsec"
    return None


def _sky(pixel_scale: float | None) -> _Sky | None:
    for sky in (_GROUND, _SPACE):
        if pixel_scale is not None and sky.pixel_scales[0] <= pixel_scale <= sky.pixel_scales[1]:
            return sky
    return None
