"""What a simulated world yields: objects with their exposures, and the truth about each."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Complexes = npt.NDArray[np.complex128]


@dataclass(frozen=True, slots=True, eq=False)
class Exposure:
    """One epoch of an object.

    Attributes
    ----------
    science : float32 array (side, side)
        NaN where pixels were declared missing.
    mjd : float
        [d].
    fwhm : float
        Of the point sources, as the survey knows it [px]: a fault of tracking or focus is not in it.
    sigma : float
        Sky noise a pixel, in the units of ``science``.
    fault : str or None
        One of `models.simulate.worlds.faults.KINDS`; None is a good epoch.
    fault_snr : float
        Root of the sum of ((bad - good) / sigma)^2 over the sky frame, both with the same noise; 0 of a good epoch.
    fault_snr_beyond : float
        The same, of what lies over 2 FWHM from the object's place: what shows there alone may be the object's change.
    change : str or None
        What the sky changed since the reference: "supernova hosted", "supernova hostless", "agn",
        "variable star" or "mover" (a point-like asteroid in the centre).
    change_snr : float
        Of the change, by the same measure, without noise.
    extreme : str or None
        "seeing extreme" or "masked" (35 to 60 % of the pixels declared missing): rare, and no fault of the image.
    """

    science: npt.NDArray[np.float32]
    mjd: float
    fwhm: float
    sigma: float
    fault: str | None = None
    fault_snr: float = 0.0
    fault_snr_beyond: float = 0.0
    change: str | None = None
    change_snr: float = 0.0
    extreme: str | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Observed:
    """One object, as a survey gives it.

    Attributes
    ----------
    name : str
    format : str
        "vst", "ztf" or "lsst".
    pixel_scale : float
        [arcsec/px].
    x, y : float
        The object's place in every image [px], 0 at the centre of the first pixel.
    reference : float32 array (side, side)
        The deep stack of other, good epochs.
    exposures : tuple of Exposure
        In time order.
    """

    name: str
    format: str
    pixel_scale: float
    x: float
    y: float
    reference: npt.NDArray[np.float32]
    exposures: tuple[Exposure, ...]
