"""Images out of files that anyone may have: FITS, PNG, JPEG."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from schemas.errors import StampError, StampReason

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

#: A CCD has 16 to 40 million pixels; more than this is a mosaic or a bomb.
LARGEST = 120_000_000
_FITS = (b"SIMPLE  =", b"\x1f\x8b")
_SMALLEST_SIDE = 8
#: Of pillow, those with colours.
_COLOURS = ("RGB", "RGBA", "P", "CMYK", "YCbCr")


@dataclass(frozen=True, slots=True, eq=False)
class ReadImage:
    """One image.

    Attributes
    ----------
    pixels : float32 array (rows, columns)
        NaN where missing. Rows of FITS as in the file, of a picture from the top; colours are averaged.
    planes : float32 array (bands, rows, columns) or None
        The colours, from blue to red: a cube's as they are in the file, a picture's blue, green, red.
    pixel_scale : float or None
        [arcsec/px], where the file tells.
    exposure_time : float or None
        [s], where the file tells.
    seeing : float or None
        FWHM [arcsec], of an alert's image, or where the file tells.
    fwhm : float or None
        Of an alert's image, of its own PSF [px].
    polarity : int or None
        Of an alert's image: whether what raised the alert is bright in it, +1, or dark, -1.
    rows_up : bool
        Whether the first row is the lowest.
    name : str or None
        Which of an alert's images it is.
    """

    pixels: NDArray[np.float32]
    planes: NDArray[np.float32] | None = None
    pixel_scale: float | None = None
    exposure_time: float | None = None
    seeing: float | None = None
    rows_up: bool = True
    name: str | None = None
    fwhm: float | None = None
    polarity: int | None = None


def read_image(file: Path) -> ReadImage:
    """Read the first image of a file.

    Raises
    ------
    StampError
        The file is missing, damaged, too large, or holds no image.
    """
    try:
        with file.open("rb") as stream:
            start = stream.read(9)
    except OSError as error:
        raise StampError(StampReason.MISSING, f"{file}: {error.strerror or error}") from error
    try:
        image = _read_fits(file) if start.startswith(_FITS) else _read_picture(file)
    except StampError:
        raise
    except Exception as error:  # a boundary: on damaged bytes astropy and pillow raise nearly anything
        raise StampError(StampReason.CORRUPT, f"{file}: {type(error).__name__}: {error}") from error
    if not np.isfinite(image.pixels).any():
        raise StampError(StampReason.BLANK, f"{file}: no pixel is finite")
    return image


def _read_fits(file: Path) -> ReadImage:
    from astropy.io import fits
    from astropy.wcs import WCS
    from astropy.wcs.utils import proj_plane_pixel_scales

    with fits.open(file, memmap=False) as hdus:
        for hdu in hdus:
            if not hdu.is_image or len(hdu.shape) < 2:
                continue
            _check_size(file, hdu.shape)
            pixels = np.array(hdu.data, np.float32)
            planes = pixels if pixels.ndim == 3 and len(pixels) > 1 else None
            while pixels.ndim > 2:  # a cube's bands
                pixels = pixels.mean(axis=0)
            header = hdu.header
            wcs = WCS(header, naxis=2)
            scale = float(np.mean(proj_plane_pixel_scales(wcs))) * 3600.0 if wcs.has_celestial else None
            exposure, seeing = (header.get(name, hdus[0].header.get(name)) for name in ("EXPTIME", "SEEING"))
            return ReadImage(pixels, planes, scale, _positive(exposure), _positive(seeing))
    raise StampError(StampReason.CORRUPT, f"{file}: no image in the file")


def _read_picture(file: Path) -> ReadImage:
    from PIL import Image

    with Image.open(file) as picture:
        _check_size(file, picture.size)
        pixels = np.asarray(picture.convert("F" if picture.mode.startswith(("I", "F")) else "L"), np.float32)
        colours = np.asarray(picture.convert("RGB"), np.float32) if picture.mode in _COLOURS else None
    return ReadImage(pixels, None if colours is None else np.moveaxis(colours[..., ::-1], -1, 0), rows_up=False)


def _check_size(file: Path, shape: tuple[int, ...]) -> None:
    if math.prod(shape) > LARGEST or min(shape[-2:]) < _SMALLEST_SIDE:
        raise StampError(StampReason.SIZE, f"{file}: shape {shape}")


def _positive(value: Any) -> float | None:
    return float(value) if isinstance(value, int | float) and math.isfinite(value) and value > 0 else None
