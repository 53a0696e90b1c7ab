"""Sampling stamps of any size, scale and rotation on the grid of the sky frame, a batch at a time."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from broker.geometry import Geometry, SkyFrame

#: Keys' parameter *a*: the one value with which the cubic also reproduces a parabola.
KERNEL = -0.5

#: Decimals [px]: what is meant to fall on a pixel must do so exactly, or it would pull in the next one.
_SNAP = 6

#: No stamp is larger [px], so no frame that it covers needs more samples along a side.
_MAX_SIDE = 512

#: Samples taken at once, which bounds memory to some 100 MB.
_CHUNK = 2**20


def resample(
    images: Sequence[NDArray[np.float32]], geometries: Sequence[Geometry], frame: SkyFrame
) -> NDArray[np.float32]:
    """Sample stamps on the grid of the sky frame.

    Keys' cubic convolution (1981, IEEE Trans. ASSP 29, 1153) with a = -1/2: integer shifts and
    quarter turns come out exactly. At half-pixel shifts it keeps 41 % of the white noise's variance
    where a bilinear kernel keeps 25 %, so that a stamp's noise depends less on where the pixel grid
    fell: measured, such a shift moves a ZTF stamp's ImageNet features by 3.9 instead of 5.1.
    A stamp ends at the outer edge of its outermost pixels, which
    are repeated where the kernel reaches beyond them. A stamp that is sampled finer than the frame
    is averaged over each pixel of the frame.

    Parameters
    ----------
    images, geometries, frame
        As in `bring_to_frame`.

    Returns
    -------
    float32 array (n, bands, side, side)
        NaN where the stamp ends, or where a missing pixel has weight in the result.
    """
    bands = images[0].shape[0] if images else 1
    framed = np.full((len(images), bands, frame.side, frame.side), np.nan, dtype=np.float32)
    finer = [_oversampling(geometry, frame) for geometry in geometries]
    others = []
    for index, (image, geometry) in enumerate(zip(images, geometries, strict=True)):
        if _is_framed(image, geometry, frame):
            framed[index] = image[:, ::-1]
        else:
            others.append(index)
    for times, members in groupby(sorted(others, key=finer.__getitem__), key=finer.__getitem__):
        group = list(members)
        step = max(1, _CHUNK // (frame.side * times) ** 2)
        for start in range(0, len(group), step):
            chunk = group[start : start + step]
            framed[chunk] = _resample([images[i] for i in chunk], [geometries[i] for i in chunk], frame, times)
    return framed


def _is_framed(image: NDArray[np.float32], geometry: Geometry, frame: SkyFrame) -> bool:
    """Whether the stamp's pixels are the frame's, but for the order of the rows: so are nearly all of ZTF's."""
    middle, pixel = (frame.side - 1) / 2, 1.0 / frame.scale
    there = (geometry.x, geometry.y, *geometry.matrix)
    wanted = (middle, middle, pixel, 0.0, 0.0, pixel)
    near = 0.1**_SNAP / frame.side
    return image.shape[1:] == (frame.side, frame.side) and all(
        abs(a - b) < near for a, b in zip(there, wanted, strict=True)
    )


def _oversampling(geometry: Geometry, frame: SkyFrame) -> int:
    """Take so many samples per frame pixel along each axis, so that none of a finer stamp's pixels is skipped."""
    xu, xv, yu, yv = geometry.matrix
    stamp_pixels = frame.scale * np.sqrt(abs(xu * yv - xv * yu))
    return int(np.clip(np.round(np.nan_to_num(stamp_pixels)), 1, 1 + _MAX_SIDE // frame.side))


def _resample(
    images: Sequence[NDArray[np.float32]], geometries: Sequence[Geometry], frame: SkyFrame, times: int
) -> NDArray[np.float32]:
    canvas, shapes = _stack(images)
    x, y = _pixels_under(geometries, frame, times)
    rows, columns = shapes[:, 0, None, None], shapes[:, 1, None, None]
    inside = (x >= -0.5) & (x <= columns - 0.5) & (y >= -0.5) & (y <= rows - 0.5)  # not where a coordinate is NaN
    x, y = np.where(inside, x, 0.0), np.where(inside, y, 0.0)
    column, row = np.floor(x).astype(np.intp), np.floor(y).astype(np.intp)
    height, width, bands = canvas.shape[1:]
    pixels = canvas.reshape(-1, bands)  # one index a pixel: three are looked up four times as slowly
    first = np.arange(len(images))[:, None, None] * (height * width)
    if (column == x).all() and (row == y).all():  # shifts, quarter turns: the kernel is 1 on one pixel and 0 elsewhere
        sampled = pixels.take(first + row * width + column, axis=0)
    else:
        sampled = np.zeros((*x.shape, bands), dtype=np.float32)
        along_x, along_y = _keys(x - column), _keys(y - row)
        beside = [np.clip(column + (i - 1), 0, columns - 1) for i in range(4)]
        for j in range(4):
            line = first + np.clip(row + (j - 1), 0, rows - 1) * width
            for i in range(4):
                weight = (along_y[j] * along_x[i])[..., None]
                value = pixels.take(line + beside[i], axis=0)
                sampled += np.where(weight == 0, np.float32(0), weight * value)  # a NaN without weight is not needed
    sampled[~inside] = np.nan
    fine = sampled.reshape(len(images), frame.side, times, frame.side, times, -1).mean(axis=(2, 4))
    return np.moveaxis(fine, -1, 1)


def _stack(images: Sequence[NDArray[np.float32]]) -> tuple[NDArray[np.float32], NDArray[np.intp]]:
    """Put stamps of any size into one array (n, rows, columns, bands); also their sizes (n, 2)."""
    shapes = np.array([image.shape[1:] for image in images], dtype=np.intp)
    canvas = np.full((len(images), *shapes.max(axis=0), images[0].shape[0]), np.nan, dtype=np.float32)
    for place, image in zip(canvas, images, strict=True):
        place[: image.shape[1], : image.shape[2]] = np.moveaxis(image, 0, -1)
    return canvas, shapes


def _pixels_under(
    geometries: Sequence[Geometry], frame: SkyFrame, times: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Stamp coordinates (n, side * times, side * times) under the samples of the frame."""
    samples = frame.side * times
    offset = (np.arange(samples) - (samples - 1) / 2) * (frame.scale / times)
    u, v = offset[None, None, :], -offset[None, :, None]
    centre = np.array([(g.x, g.y) for g in geometries])[..., None, None]
    matrix = np.array([g.matrix for g in geometries])[..., None, None]
    with np.errstate(over="ignore", invalid="ignore"):  # a damaged header may have put anything into the geometry
        x = centre[:, 0] + matrix[:, 0] * u + matrix[:, 1] * v
        y = centre[:, 1] + matrix[:, 2] * u + matrix[:, 3] * v
        return np.round(x, _SNAP), np.round(y, _SNAP)


def _keys(t: NDArray[np.float64]) -> tuple[NDArray[np.float32], ...]:
    """Weights of the pixels at -1, 0, 1 and 2 for a sample at ``t`` in [0, 1); Keys' eq. 4, general *a*."""
    a = KERNEL
    weights = (
        a * t * (1 - t) ** 2,
        ((a + 2) * t - (a + 3)) * t * t + 1,
        ((a + 2) * (1 - t) - (a + 3)) * (1 - t) ** 2 + 1,
        a * (1 - t) * t * t,
    )
    return tuple(weight.astype(np.float32) for weight in weights)
