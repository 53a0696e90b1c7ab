"""The streak networks: six convolution layers and a dense one, with one output (KiDS) or five (Euclid).

Verdoes Kleijn et al., section 2: a sigmoid alone for KiDS; ``(p, x1, y1, x2, y2)``, a probability and a streak's two
end points, for Euclid. The networks look for bright streaks; a dark one is a bright one in the negative image.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from models.median import median

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray
    from tf_keras import Model
    from tf_keras.layers import Layer

SIDE = 64
"""Of the network's window [px]."""

#: Filters, kernel sizes and strides of the six convolutions: 24 million multiplications a stamp.
CONVOLUTIONS = ((24, 5, 2), (48, 3, 2), (64, 3, 1), (96, 3, 2), (128, 3, 1), (160, 3, 2))

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
        Maps (n, 64, 64, 1) as `prepare` gives it to (n, outputs).
    """
    from tf_keras import Model, layers

    images = layers.Input((SIDE, SIDE, 1))
    x: Layer = images
    for number, (filters, size, stride) in enumerate(CONVOLUTIONS, 1):
        name = f"streak_convolution{number}"
        x = layers.Conv2D(filters, size, stride, padding="same", use_bias=not normalised, name=name)(x)
        if normalised:
            x = layers.BatchNormalization(momentum=0.98, epsilon=1e-3, name=f"{name}_normalisation")(x)
        x = layers.ReLU(name=f"{name}_relu")(x)
    x = layers.Flatten(name="streak_flatten")(x)
    return Model(images, layers.Dense(outputs, name=TELLING_LAYER)(x), name=f"sosia-streak-{outputs}")


def fold(trained: Model) -> Model:
    """Merge batch normalisation into the convolutions: the same function in fewer operations."""
    from models.student import fold_into

    return fold_into(trained, build(trained.output_shape[-1]))


def unfold(folded: Model, images: NDArray[np.float32]) -> Model:
    """Give a network its batch normalisation back, to train it further on images like these."""
    from models.student import unfold_into

    return unfold_into(build(folded.output_shape[-1], normalised=True), folded, images)


def prepare(stamps: Sequence[NDArray[np.float32]]) -> NDArray[np.float32]:
    """Give stamps the form that the network sees.

    Each loses its median, is divided by its noise (the median absolute deviation) and compressed by asinh, which
    leaves alone what is near the noise; missing pixels, and those around a small stamp, become zero.

    Parameters
    ----------
    stamps : sequence of float32 arrays (rows, columns)
        NaN where pixels are missing. Of a larger one the inner 64 px count.

    Returns
    -------
    float32 array (n, 64, 64, 1)
        Zero throughout for a stamp without contrast.
    """
    windows = np.zeros((len(stamps), SIDE, SIDE, 1), np.float32)
    for window, stamp in zip(windows, stamps, strict=True):
        top, left = margins(stamp.shape)
        inner = stamp[max(-top, 0) :, max(-left, 0) :][:SIDE, :SIDE]
        rows, columns = inner.shape
        top, left = max(top, 0), max(left, 0)
        window[top : top + rows, left : left + columns, 0] = np.arcsinh(np.nan_to_num(in_sigma(inner)))
    return windows


def turned(images: NDArray[Any], turn: int) -> NDArray[Any]:
    """Mirror and turn images (n, side, side, 1): one of eight ways, 0 to 7, of which 0 changes nothing."""
    if turn & 1:
        images = images[:, ::-1]
    if turn & 2:
        images = images[:, :, ::-1]
    return images.swapaxes(1, 2) if turn & 4 else images


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
