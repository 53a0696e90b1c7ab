"""The streak networks: six convolution layers and a dense one, with one output (KiDS) or five (Euclid).

Verdoes Kleijn et al., section 2: a sigmoid alone for KiDS; ``(p, x1, y1, x2, y2)``, a probability and a streak's two
end points, for Euclid. The networks look for bright streaks; a dark one is a bright one in the negative image.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from models.median import median
from models.simulate.profiles import FWHM

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray
    from tensorflow import Tensor
    from tf_keras import Model

SIDE = 64
"""Of the network's window [px]."""

#: Filters, kernel sizes and strides of the six convolutions: 26 million multiplications a stamp.
CONVOLUTIONS = ((24, 5, 2), (48, 3, 2), (64, 3, 1), (96, 3, 2), (128, 3, 1), (160, 3, 2))

#: Filters beside the first convolution, kernel size and stride: lines over the smoothed stamp, which add up the light
#: along a faint trail; 4 million multiplications.
LINES = (16, 15, 2)

#: Widths of PSFs that are believed, and what is taken for one that is not known [px].
WIDTHS, USUAL = (1.2, 8.0), 2.7
_EMBEDDED = 16
#: The smoothed stamp is compressed beyond it [sigma].
_LINEAR = 4.0

#: A layer that no other network has.
TELLING_LAYER = "streak_output"

#: Of the median absolute deviation: the standard deviation of Gaussian noise.
_MAD = 1.4826


def build(outputs: int = 5, *, normalised: bool = False) -> Model:
    """Lay out a network.

    Parameters
    ----------
    outputs : int
        1 for the log odds of a streak alone; 5 for these and the end points in units of half a window from its
        middle.
    normalised : bool
        With batch normalisation behind every convolution, as it is trained; without, as it is used.

    Returns
    -------
    tf_keras.Model
        Maps (n, 64, 64, 2) as `prepare` gives it to (n, outputs).
    """
    import tensorflow as tf
    from tf_keras import Model, layers

    def convolve(x: Tensor, name: str, filters: int, size: int, stride: int) -> Tensor:
        x = layers.Conv2D(filters, size, stride, padding="same", use_bias=not normalised, name=name)(x)
        if normalised:
            x = layers.BatchNormalization(momentum=0.98, epsilon=1e-3, name=f"{name}_normalisation")(x)
        return x

    windows = layers.Input((SIDE, SIDE, 2))
    stamps, told = windows[..., :1], windows[:, 0, 0, 1:]
    known = tf.cast(told > 0.0, tf.float32)
    fwhm = tf.where(told > 0.0, told, USUAL)
    smooth = _smoothed(stamps, fwhm)
    width = tf.concat([known * tf.math.log(fwhm / USUAL), known], axis=-1)
    width = layers.Dense(_EMBEDDED, activation="relu", name="streak_width")(width)
    x = tf.concat([stamps, smooth], axis=-1)
    for number, convolution in enumerate(CONVOLUTIONS, 1):
        name = f"streak_convolution{number}"
        x = convolve(x, name, *convolution)
        if number % 2 == 0:
            scale = layers.Dense(2 * convolution[0], kernel_initializer="zeros", name=f"streak_width{number}")(width)
            scale, offset = tf.split(scale[:, None, None], 2, axis=-1)
            x = x * (1.0 + scale) + offset
        x = layers.ReLU(name=f"{name}_relu")(x)
        if number == 1:
            lines = convolve(smooth, "streak_lines", *LINES)
            x = tf.concat([x, layers.ReLU(name="streak_lines_relu")(lines)], axis=-1)
    x = layers.Flatten(name="streak_flatten")(x)
    return Model(windows, layers.Dense(outputs, name=TELLING_LAYER)(x), name=f"sosia-streak-{outputs}")


def _smoothed(stamps: Tensor, fwhm: Tensor) -> Tensor:
    """Signal-to-noise ratio of a point source at every pixel of stamps (n, 64, 64, 1), compressed where it is large."""
    import tensorflow as tf

    # tf.sinh and tf.asinh take ten times as long.
    raised = tf.exp(stamps[..., 0])
    light = 0.5 * (raised - 1.0 / raised)
    sigma = (fwhm / FWHM)[:, :, None]
    apart = np.subtract.outer(np.arange(SIDE), np.arange(SIDE)).astype(np.float32)
    kernel = tf.exp(-0.5 * tf.square(apart / sigma)) / tf.sqrt(sigma * np.sqrt(np.pi, dtype=np.float32))
    smooth = tf.matmul(tf.matmul(kernel, light), kernel) / _LINEAR
    size = tf.abs(smooth)
    return (_LINEAR * tf.sign(smooth) * tf.math.log(size + tf.sqrt(1.0 + size * size)))[..., None]


def fold(trained: Model) -> Model:
    """Merge batch normalisation into the convolutions: the same function in fewer operations."""
    from models.student import fold_into

    return fold_into(trained, build(trained.output_shape[-1]))


def unfold(folded: Model, images: NDArray[np.float32]) -> Model:
    """Give a network its batch normalisation back, to train it further on images like these."""
    from models.student import unfold_into

    return unfold_into(build(folded.output_shape[-1], normalised=True), folded, images)


def prepare(
    stamps: Sequence[NDArray[np.float32]], fwhm: Sequence[float | None] | NDArray[np.floating] | None = None
) -> NDArray[np.float32]:
    """Give stamps the form that the network sees.

    Each loses its median, is divided by its noise (the median absolute deviation) and compressed by asinh, which
    leaves alone what is near the noise; missing pixels, and those around a small stamp, become zero.

    Parameters
    ----------
    stamps : sequence of float32 arrays (rows, columns)
        NaN where pixels are missing. Of a larger one the inner 64 px count.
    fwhm : sequence of float or None, or array (n,), optional
        Widths of their PSFs [px]; None or NaN for one that is not known, as those outside `WIDTHS` are not.

    Returns
    -------
    float32 array (n, 64, 64, 2)
        The stamp, zero throughout without contrast, and the width at every pixel, zero where it is not known.
    """
    windows = np.zeros((len(stamps), SIDE, SIDE, 2), np.float32)
    for window, stamp in zip(windows, stamps, strict=True):
        top, left = margins(stamp.shape)
        inner = stamp[max(-top, 0) :, max(-left, 0) :][:SIDE, :SIDE]
        rows, columns = inner.shape
        top, left = max(top, 0), max(left, 0)
        window[top : top + rows, left : left + columns, 0] = np.arcsinh(np.nan_to_num(in_sigma(inner)))
    if fwhm is not None:
        told = np.array([np.nan if one is None else one for one in fwhm], float)
        windows[..., 1] = np.where((told >= WIDTHS[0]) & (told <= WIDTHS[1]), told, 0.0)[:, None, None]
    return windows


def believed(fwhm: float | None) -> float:
    """Return a PSF's width [px] where it can be one, and what is taken for it where it is not known."""
    return fwhm if fwhm is not None and WIDTHS[0] <= fwhm <= WIDTHS[1] else USUAL


def negative(windows: NDArray[Any]) -> NDArray[Any]:
    """Turn dark into bright; the PSF stays as wide."""
    return np.asarray(windows * np.array([-1, 1], windows.dtype))


def margins(shape: tuple[int, ...]) -> tuple[int, int]:
    """Rows above and columns left of a stamp in the middle of a window; negative where they are cut off."""
    return (SIDE - shape[0]) // 2, (SIDE - shape[1]) // 2


def in_sigma(stamp: NDArray[np.float32]) -> NDArray[np.float32]:
    """Express a stamp in units of its noise, its median at zero; all zero where it has no contrast."""
    found = stamp[np.isfinite(stamp)]
    if not found.size:
        return np.zeros_like(stamp)
    level = np.float32(median(found))
    noise = _MAD * median(np.abs(found - level))
    if noise == 0.0:  # more than half of the pixels are equal, as in a coarse picture file
        noise = float(found.std())
    return np.asarray((stamp - level) / noise if noise > 0.0 else np.zeros_like(stamp), np.float32)
