"""The merger network: a small residual network, and the window and the stretch in which it sees a galaxy.

The window is cut to the galaxy's own size, so that one network serves every pixel scale; the stretch runs from the
noise to the galaxy's brightest pixels, so that depth and a picture file's own stretch change little. Beside the window
the network sees what is left of it without itself turned by half a circle: the light that rotational asymmetry sums
up (Conselice 2003, ApJS 147, 1), in its place.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from models.convolution import convolution
from models.median import median

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray
    from tf_keras import Model
    from tf_keras.layers import Layer

SIDE = 64
"""Of the network's window [px]."""

CHANNELS = 2
"""Of the network's input: the window, and its residual."""

#: Side of the window in radii that hold 80 % of the light of what is in the middle: eighteen scale lengths of a disc.
WIDTH = 6.0
#: Smallest side of the window [px]: less holds no galaxy that is resolved.
NARROWEST = 32.0

#: A layer that no other network has.
TELLING_LAYER = "merger_output"

#: Channels and residual blocks of the stages at 32, 16, 8 and 4 px: 19 million multiplications a stamp.
STAGES = ((16, 0), (32, 1), (64, 1), (128, 1))

#: Of the median absolute deviation: the standard deviation of Gaussian noise.
_MAD = 1.4826
#: A galaxy ends where it is as bright as so many standard deviations of the noise, or this share of its middle.
_FAINTEST, _SHARE, _HELD = 2.0, 0.005, 0.8
#: Smallest noise that is believed, in the brightest pixels: picture files are coarse.
_LEAST_NOISE = 1.0 / 300.0
#: Place of a window's brightest pixels but for half a percent, in order of brightness.
_BRIGHT = round(0.995 * SIDE**2)
#: How far from the middle of the stamp a galaxy's brightest pixel may lie [share of the side].
_ASTRAY = 0.06
#: Turned within so many pixels of the window's middle, as in 1.5 radii that hold 80 % of the light: the centre is where
#: least is left, so many half pixels from the middle at most.
_TURNED, _SHIFT = 16, 3
#: Windows that are turned at once: they stay in the processor's cache.
_FEW = 32


def build(*, normalised: bool = False) -> Model:
    """Lay out the network.

    Parameters
    ----------
    normalised : bool
        With batch normalisation behind every convolution, as it is trained; without, as it is used.

    Returns
    -------
    tf_keras.Model
        Maps (n, 64, 64, 2) as `prepare` gives it to (n, 1): log odds of a merger.
    """
    from tf_keras import Model, layers

    convolve = partial(convolution, normalised=normalised)
    images = layers.Input((SIDE, SIDE, CHANNELS))
    x: Layer = images
    for stage, (channels, blocks) in enumerate(STAGES, 1):
        x = convolve(x, f"merger_stage{stage}", channels, size=5 if stage == 1 else 3, stride=2)
        for block in range(1, blocks + 1):
            y = convolve(x, f"merger_stage{stage}_block{block}_first", channels)
            y = convolve(y, f"merger_stage{stage}_block{block}_second", channels, active=False)
            x = layers.ReLU()(layers.Add()([x, y]))
    x = layers.Concatenate()([layers.GlobalAveragePooling2D()(x), layers.GlobalMaxPooling2D()(x)])
    x = layers.Dropout(0.2)(x)
    return Model(images, layers.Dense(1, name=TELLING_LAYER)(x), name="sosia-merger")


def fold(trained: Model) -> Model:
    """Merge batch normalisation into the convolutions: the same function in fewer operations."""
    from models.student import fold_into

    return fold_into(trained, build())


def unfold(folded: Model, images: NDArray[np.float32]) -> Model:
    """Give a network its batch normalisation back, to train it further on images like these."""
    from models.student import unfold_into

    return unfold_into(build(normalised=True), folded, images)


def prepare(stamps: Sequence[NDArray[np.float32]]) -> NDArray[np.float32]:
    """Give stamps the form that the network sees.

    Parameters
    ----------
    stamps : sequence of float32 arrays (rows, columns)
        The galaxy in the middle; NaN where pixels are missing.

    Returns
    -------
    float32 array (n, 64, 64, 2)
        First the window: 0 is the sky, 1 the brightest of the galaxy. Then its `residual`. Zero throughout for a stamp
        without contrast.
    """
    windows = np.zeros((len(stamps), SIDE, SIDE), np.float32)
    for window, stamp in zip(windows, stamps, strict=True):
        level, noise = sky_level(stamp)
        if noise > 0.0:
            light = np.nan_to_num(stamp - np.float32(level), nan=0.0, posinf=0.0, neginf=0.0)
            y, x, radius = middle(light, noise)
            window[:] = _stretch(_cut(light, y, x, max(WIDTH * radius, NARROWEST)), noise)
    return np.stack([windows, residual(windows)], axis=-1)


def residual(windows: NDArray[np.float32]) -> NDArray[np.float32]:
    """Take from windows (n, 64, 64) what they are when turned by half a circle about the centre that leaves least."""
    left = np.empty_like(windows)
    shifts = [(dy, dx) for dy in range(-_SHIFT, _SHIFT + 1) for dx in range(-_SHIFT, _SHIFT + 1)]
    low, high = SIDE // 2 - _TURNED + _SHIFT, SIDE // 2 + _TURNED + _SHIFT
    for start in range(0, len(windows), _FEW):
        some = windows[start : start + _FEW]
        turned = np.pad(some[:, ::-1, ::-1], ((0, 0), (_SHIFT, _SHIFT), (_SHIFT, _SHIFT)))
        inner = np.ascontiguousarray(some[:, low - _SHIFT : high - _SHIFT, low - _SHIFT : high - _SHIFT])
        sums = [
            np.abs(inner - turned[:, low + dy : high + dy, low + dx : high + dx]).sum(axis=(1, 2)) for dy, dx in shifts
        ]
        for n, best in enumerate(np.argmin(sums, axis=0)):
            dy, dx = shifts[best]
            left[start + n] = some[n] - turned[n, _SHIFT + dy : SIDE + _SHIFT + dy, _SHIFT + dx : SIDE + _SHIFT + dx]
    return left


def sky_level(stamp: NDArray[np.float32]) -> tuple[float, float]:
    """Level and noise of the sky, without what is brighter; the noise is 0 where there is no contrast."""
    sparse = max(1, min(stamp.shape) // 48)  # a few thousand pixels tell as much as all
    values = stamp[::sparse, ::sparse].ravel()
    values = values[np.isfinite(values)]
    values.sort()
    if not values.size or values[0] == values[-1]:
        return 0.0, 0.0
    level = noise = 0.0
    for _ in range(4):
        level = float((values[(values.size - 1) // 2] + values[values.size // 2]) / 2)  # in order they stay
        away = np.abs(values - np.float32(level))
        spread = _MAD * median(away)
        spread = spread or float(values.std())  # more than half of the pixels are equal, as in a coarse picture file
        if spread == 0.0:  # all are
            break
        noise = spread
        inner = away <= 3.0 * noise
        if inner.all():  # nothing would change
            break
        values = values[inner]
    return level, noise


def middle(light: NDArray[np.float32], noise: float) -> tuple[float, float, float]:
    """Find the galaxy in the middle: row, column, and radius of 80 % of the light within its isophote [px]."""
    from scipy import ndimage

    smooth = _smooth(light)
    row, column = brightest(light, smooth)
    # Of nine pixels' mean the noise is a third.
    bright = smooth > max(_FAINTEST * noise / 3.0, _SHARE * smooth[row, column])
    if not bright[row, column]:
        rows, columns = light.shape
        return (rows - 1) / 2, (columns - 1) / 2, min(rows, columns) / WIDTH
    islands, _ = ndimage.label(bright)
    inside = np.nonzero(islands == islands[row, column])
    distance, flux = np.hypot(inside[0] - row, inside[1] - column), np.maximum(light[inside], 0.0)
    order = np.argsort(distance)
    grown = np.cumsum(flux[order])
    most = distance[order][min(int(np.searchsorted(grown, _HELD * grown[-1])), len(order) - 1)]
    return float(row), float(column), float(most)


def brightest(light: NDArray[np.float32], smooth: NDArray[np.float32] | None = None) -> tuple[int, int]:
    """Row and column of the brightest place near the middle, in means over nine pixels."""
    near = max(1, round(_ASTRAY * min(light.shape)))
    top, left = (max((size - 1) // 2 - near, 0) for size in light.shape)
    bottom, right = ((size - 1) // 2 + near + 2 for size in light.shape)
    if smooth is None:  # with what each pixel's neighbours add
        around = _smooth(light[max(top - 1, 0) : bottom + 1, max(left - 1, 0) : right + 1])
        inner = around[min(top, 1) :, min(left, 1) :][: bottom - top, : right - left]
    else:
        inner = smooth[top:bottom, left:right]
    row, column = np.unravel_index(int(inner.argmax()), inner.shape)
    return int(row) + top, int(column) + left


def _smooth(light: NDArray[np.float32]) -> NDArray[np.float32]:
    from scipy import ndimage

    return np.asarray(ndimage.uniform_filter(light, 3, mode="nearest"))


def _cut(light: NDArray[np.float32], y: float, x: float, width: float) -> NDArray[np.float32]:
    """Resample the square of that width [px] round a place to the network's window; what lies outside is sky."""
    width = min(width, float(min(light.shape)))
    along = (np.arange(SIDE) + 0.5) / SIDE * width - 0.5 * width
    rows, columns = (_tents(place + along, size, width / SIDE) for place, size in zip((y, x), light.shape, strict=True))
    return np.asarray(rows @ light @ columns.T, np.float32)


def _tents(places: NDArray[np.float64], size: int, step: float) -> NDArray[np.float32]:
    """Weights (places, size) of pixels: linear interpolation, or a mean over a wider step."""
    weights = np.maximum(1.0 - np.abs(places[:, None] - np.arange(size)) / max(step, 1.0), 0.0)
    return np.asarray(weights / np.maximum(weights.sum(axis=1, keepdims=True), 1.0e-9), np.float32) * (
        (places > -0.5) & (places < size - 0.5)
    )[:, None].astype(np.float32)


def _stretch(cut: NDArray[np.float32], noise: float) -> NDArray[np.float32]:
    """Compress by asinh, from the noise to the brightest pixels."""
    brightest = float(np.partition(cut, _BRIGHT, axis=None)[_BRIGHT])
    if brightest <= 0.0:
        return np.zeros_like(cut)
    softening = max(1.5 * noise, _LEAST_NOISE * brightest)
    return np.asarray(
        np.clip(np.arcsinh(cut / softening) / max(np.arcsinh(brightest / softening), 1.0), -0.5, 1.3), np.float32
    )
