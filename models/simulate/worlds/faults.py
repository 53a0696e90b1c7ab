"""The thirteen kinds of fault, and their injection into real stamps."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from models.simulate.worlds.canvas import Canvas
from models.simulate.worlds.detector_faults import DETECTOR_FAULTS
from models.simulate.worlds.light_faults import LIGHT_FAULTS
from models.simulate.worlds.optics import BLURS, CLOUD, cloud

if TYPE_CHECKING:
    import galsim
    import numpy.typing as npt

    from models.simulate.worlds.observed import Floats

KINDS: tuple[str, ...] = (*LIGHT_FAULTS, *DETECTOR_FAULTS, *BLURS, CLOUD)


def inject(
    image: npt.NDArray[np.floating], kind: str, rng: np.random.Generator, sigma: float, fwhm: float
) -> npt.NDArray[np.float32]:
    """Put a fault on a real stamp.

    What optics and clouds do, they do to sources: here, to what stands above the median by much more
    than the noise. The noise elsewhere stays as it was, so that the image differs from the good one by the fault.

    Parameters
    ----------
    image : array (rows, columns)
        With or without its background; NaN where pixels are missing.
    kind : str
        One of `KINDS`.
    rng : Generator
    sigma : float
        Sky noise a pixel.
    fwhm : float
        Of point sources [px].

    Returns
    -------
    float32 array (rows, columns)
        NaN where ``image`` has it.

    Raises
    ------
    ValueError
        There is no such kind.
    """
    if kind not in KINDS:
        raise ValueError(f"no fault {kind!r}: one of {', '.join(KINDS)}")
    missing = ~np.isfinite(image)
    level = 0.0 if missing.all() else float(np.median(image[~missing]))
    whole = np.where(missing, level, image).astype(np.float64)
    if kind in LIGHT_FAULTS:
        spoilt = whole + LIGHT_FAULTS[kind]((whole.shape[0], whole.shape[1]), rng, sigma, fwhm)
    elif kind in DETECTOR_FAULTS:
        spoilt = DETECTOR_FAULTS[kind](whole, rng, sigma, fwhm)
    else:
        spoilt = level + _through_optics(whole - level, kind, rng, sigma, fwhm)
    spoilt[missing] = np.nan
    return spoilt.astype(np.float32)


def _through_optics(image: Floats, kind: str, rng: np.random.Generator, sigma: float, fwhm: float) -> Floats:
    """Blur, move or dim the sources of an image without background."""
    blur = _resampled(kind, rng, fwhm)
    bright = _smoothed(image) > sigma  # 3 sigma of the mean of nine pixels
    seen, kept = _convolved(np.where(bright, image, 0.0), blur)
    covered, _ = _convolved(bright.astype(float), blur)
    # Sources take their noise with them: it is put back where they were, but for what they bring from elsewhere.
    lacking = np.clip(bright - kept * np.clip(covered, 0, 1), 0, 1)
    return np.where(bright, 0.0, image) + seen + rng.normal(0, sigma, image.shape) * np.sqrt(lacking)


def _resampled(kind: str, rng: np.random.Generator, fwhm: float) -> galsim.GSObject:
    """Draw what a fault of the optics does to pixels: nothing so sharp that an undersampled star would ring."""
    import galsim

    if kind == CLOUD:
        return galsim.DeltaFunction(cloud(rng))
    blur = BLURS[kind](rng, fwhm)
    if kind == "registration":
        return galsim.DeltaFunction().shift(round(blur.centroid.x), round(blur.centroid.y))
    return galsim.Convolve(blur, galsim.Gaussian(sigma=0.6))


def _smoothed(image: Floats) -> Floats:
    """Return the mean of each pixel and its eight neighbours."""
    wide = np.pad(image, 1, mode="edge")
    return np.asarray(np.lib.stride_tricks.sliding_window_view(wide, (3, 3)).mean(axis=(2, 3)))


def _convolved(image: Floats, blur: galsim.GSObject) -> tuple[Floats, float]:
    """Convolve an image, mirrored at its edges, with a profile [px]; tell what it leaves of white noise's variance."""
    side = 2 * max(image.shape)
    before = [(side - length) // 2 for length in image.shape]
    wide = np.pad(
        image,
        [(first, side - length - first) for first, length in zip(before, image.shape, strict=True)],
        mode="symmetric",
    )
    transfer = Canvas(side, side, 1, 1.0, 0.0, 0.0).spectrum(blur)
    seen = np.fft.irfft2(np.fft.rfft2(wide) * transfer, wide.shape)
    stamp = tuple(slice(first, first + length) for first, length in zip(before, image.shape, strict=True))
    return seen[stamp], float((np.abs(transfer) ** 2).mean())
