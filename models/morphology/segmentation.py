"""Which pixels of a picture belong to the galaxy in its middle, and which to its neighbours.

The binary detection mask of Pawlik et al. 2016 (MNRAS 456, 3032, section 3.1): what is above the sky by a standard
deviation in a mean over nine pixels, and connected, by sides or corners, with the brightest pixel near the middle. No
model of light goes into it, so that an eight-bit picture of unknown stretch serves as well as a FITS image.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from models.merger_network import brightest

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Mask = NDArray[np.bool_]

#: Longest side on which pictures are measured [px]: what is finer is mostly the compression of their files.
SIDE = 128
#: Side of the tiles at the edges that the sky is taken from, in the picture's: the galaxy may fill most of it.
_FRAME = 0.1
#: Above the sky, in standard deviations of its noise.
_THRESHOLD = 1.0
#: Neighbours reach further out than their own mask [px].
_SKIRT = 2


@dataclass(frozen=True, slots=True, eq=False)
class Segmented:
    """A picture, taken apart.

    Attributes
    ----------
    light : float64 array (rows, columns)
        All bands' mean above the sky.
    noise : float
        Of the sky, or a step of a coarser file.
    galaxy : bool array (rows, columns)
        The mask.
    neighbours : bool array (rows, columns)
        What else is above the sky, and its skirts.
    centre : (row, column)
        The galaxy's brightest pixel.
    """

    light: Floats
    noise: float
    galaxy: Mask
    neighbours: Mask
    centre: tuple[int, int]


def segment(picture: NDArray[np.floating]) -> Segmented | None:
    """Take a picture apart; None where it has no light above its sky.

    Parameters
    ----------
    picture : array (rows, columns) or (bands, rows, columns)
        The galaxy in the middle; NaN where pixels are missing.
    """
    from scipy import ndimage

    grey = picture.reshape(-1, *picture.shape[-2:]).mean(axis=0, dtype=np.float64)
    known = np.isfinite(grey)
    if not known.any():
        return None
    grey = _shrunk(np.where(known, grey, np.median(grey[known])))
    level, noise = _sky(grey)
    noise, light = max(noise, _step(picture)), grey - np.float32(level)
    smooth = ndimage.uniform_filter(light, 3, mode="nearest")
    islands, count = ndimage.label(smooth > _THRESHOLD * noise, np.ones((3, 3)))
    if not count:
        return None
    row, column = brightest(light, smooth)
    if not islands[row, column]:  # the middle is empty: what is brightest anywhere
        row, column = divmod(int(smooth.argmax()), smooth.shape[1])
    galaxy = ndimage.binary_fill_holes(islands == islands[row, column])
    neighbours = ndimage.binary_dilation((islands > 0) & ~galaxy, iterations=_SKIRT) & ~galaxy
    return Segmented(light.astype(np.float64), noise, galaxy, neighbours, (row, column))


def _shrunk(grey: Floats) -> NDArray[np.float32]:
    """Average an image down to `SIDE`; smaller ones stay."""
    from PIL import Image

    image = np.asarray(grey, np.float32)
    rows, columns = image.shape
    times = SIDE / max(rows, columns)
    if times >= 1.0:
        return image
    size = max(round(times * columns), 1), max(round(times * rows), 1)
    return np.asarray(Image.fromarray(image).resize(size, Image.Resampling.BOX))


def _sky(grey: NDArray[np.float32]) -> tuple[float, float]:
    """Level and noise of the sky: medians of the means and standard deviations of square tiles along the edges.

    Neighbours spoil some tiles and not the median; clipping pixel by pixel instead would leave nothing but black of a
    sky that its file has cut off.
    """
    side = max(round(_FRAME * min(grey.shape)), 2)
    rows, columns = (length // side for length in grey.shape)
    tiles = grey[: rows * side, : columns * side].reshape(rows, side, columns, side).swapaxes(1, 2)
    along = np.ones((rows, columns), np.bool_)
    along[1:-1, 1:-1] = False
    edge = tiles[along]
    return float(np.median(edge.mean(axis=(1, 2)))), float(np.median(edge.std(axis=(1, 2))))


def _step(picture: NDArray[np.floating]) -> float:
    """Return the smallest difference of pixels of the first band: the noise of a picture whose sky is all black."""
    values = np.unique(picture.reshape(-1, *picture.shape[-2:])[0])
    values = values[np.isfinite(values)]
    return float(np.diff(values).min()) if len(values) > 1 else 0.0
