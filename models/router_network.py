"""The router's network: one small part for each image, and the form in which it sees that image.

It looks at the difference for streaks, and at the host for lenses and mergers.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from models import streak_network
from models.convolution import convolution
from models.simulate.profiles import FWHM
from models.streak_network import USUAL, in_sigma

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray
    from tensorflow import Tensor
    from tf_keras import Model
    from tf_keras.layers import Layer

SIDE = 64
"""Of the network's window [px]."""

CLASSES = ("streak", "lens", "merger")

#: Which image each class is looked for in.
IMAGE_OF = {"streak": "difference", "lens": "host", "merger": "host"}
IMAGES = ("difference", "host")

#: By image, filters, kernel sizes and strides: 9.9 and 9.3 million multiplications. Of the class networks the streak
#: network alone takes 60 million: 30 for either polarity.
CONVOLUTIONS = {
    "difference": ((16, 5, 2), (32, 3, 2), (32, 3, 1), (48, 3, 2), (64, 3, 1), (96, 3, 2)),
    "host": ((16, 5, 2), (32, 3, 2), (40, 3, 1), (64, 3, 2), (64, 3, 1), (96, 3, 2)),
}

#: Filters and kernel size of lines over the smoothed difference, which add up the light along a faint trail.
LINES = (8, 11)

_EMBEDDED, _HIDDEN = 16, 48
#: The smoothed difference is compressed beyond it [sigma].
_LINEAR = 4.0


def build(*, normalised: bool = False) -> Model:
    """Lay out the network.

    Parameters
    ----------
    normalised : bool
        With batch normalisation behind every convolution, as it is trained; without, as it is used.

    Returns
    -------
    tf_keras.Model
        Maps differences and hosts as `prepare` gives them to (n, 2) and (n, 4), of the classes that are looked for
        there: first the log odds that their networks accept one, then those networks' own log odds; the router goes by
        their sum. `part` has one of the two alone.
    """
    from tf_keras import Model

    parts = [_part(image, normalised=normalised) for image in IMAGES]
    return Model(*([getattr(part, end) for part in parts] for end in ("input", "output")), name="sosia-router")


def part(model: Model, image: str) -> Model:
    """Return the part of a network that looks at one image; it shares the weights."""
    from tf_keras import Model

    number = IMAGES.index(image)
    return Model(model.inputs[number], model.outputs[number])


def classes_of(image: str) -> tuple[str, ...]:
    """Return the classes that are looked for in an image, in the order of its part's outputs."""
    return tuple(name for name in CLASSES if IMAGE_OF[name] == image)


def _part(image: str, *, normalised: bool) -> Model:
    import tensorflow as tf
    from tf_keras import Model, layers

    windows = layers.Input((SIDE, SIDE, 2 if image == "difference" else 1))
    stamps = windows[..., :1]
    lines, found = _lines(stamps, windows[:, 0, 0, 1:], normalised=normalised) if image == "difference" else ([], [])
    x: Layer = stamps
    for number, (filters, size, stride) in enumerate(CONVOLUTIONS[image], 1):
        name = f"router_{image}{number}"
        x = convolution(x, name, filters, normalised=normalised, size=size, stride=stride)
        if number == 2 and lines:
            x = tf.concat([x, *lines], axis=-1)
        if number == 5:  # wherever it is: the largest answer is what a matched filter goes by
            found = [*found, tf.reduce_max(x, axis=(1, 2))]
    hidden = layers.Dense(_HIDDEN, activation="relu", name=f"router_{image}_hidden")(tf.concat(found, axis=-1))
    x = tf.concat([layers.Flatten()(x), hidden], axis=-1)
    return Model(windows, layers.Dense(2 * len(classes_of(image)), name=f"router_{image}_output")(x))


def _lines(stamps: Tensor, told: Tensor, *, normalised: bool) -> tuple[list[Tensor], list[Tensor]]:
    """Answers of the line filters, bright and dark, on every fourth pixel; and what they and the width come to."""
    import tensorflow as tf
    from tf_keras import layers

    known = tf.cast(told > 0.0, tf.float32)
    fwhm = tf.where(told > 0.0, told, USUAL)
    width = tf.concat([known * tf.math.log(fwhm / USUAL), known], axis=-1)
    width = layers.Dense(_EMBEDDED, activation="relu", name="router_width")(width)
    filters, size = LINES
    x = convolution(_smoothed(stamps, fwhm), "router_lines", filters, normalised=normalised, size=size, active=False)
    x = layers.MaxPool2D(2)(tf.concat([tf.nn.relu(x), tf.nn.relu(-x)], axis=-1))
    return [x], [width, tf.reduce_max(x, axis=(1, 2)), tf.reduce_mean(x, axis=(1, 2))]


def _smoothed(stamps: Tensor, fwhm: Tensor) -> Tensor:
    """Signal-to-noise ratio of a point source at every second pixel (n, 32, 32, 1), compressed where it is large."""
    import tensorflow as tf

    # tf.sinh and tf.asinh take ten times as long.
    raised = tf.exp(stamps[..., 0])
    light = 0.5 * (raised - 1.0 / raised)
    sigma = (fwhm / FWHM)[:, :, None]
    apart = np.subtract.outer(np.arange(0.5, SIDE, 2), np.arange(SIDE)).astype(np.float32)
    kernel = tf.exp(-0.5 * tf.square(apart / sigma)) / tf.sqrt(sigma * np.sqrt(np.pi, dtype=np.float32))
    smooth = tf.matmul(tf.matmul(kernel, light), kernel, transpose_b=True) / _LINEAR
    size = tf.abs(smooth)
    return (_LINEAR * tf.sign(smooth) * tf.math.log(size + tf.sqrt(1.0 + size * size)))[..., None]


def fold(trained: Model) -> Model:
    """Merge batch normalisation into the convolutions: the same function in fewer operations."""
    from models.student import fold_into

    return fold_into(trained, build())


def prepare(
    stamps: Sequence[NDArray[np.float32]],
    image: str,
    fwhm: Sequence[float | None] | NDArray[np.floating] | None = None,
) -> NDArray[np.float32]:
    """Give stamps the form that the network sees: in units of their noise, compressed by asinh, 0 where missing.

    Parameters
    ----------
    stamps : sequence of float32 arrays (rows, columns)
        Of any size; NaN where pixels are missing.
    image : {"difference", "host"}
        Of a larger difference the inner 64 px count, as for the streak network; of a host all that lies as far from
        the middle as its farthest pixel, on coarser pixels where that is more.
    fwhm : sequence of float or None, or array (n,), optional
        Widths of differences' PSFs [px], as the streak network is told them.

    Returns
    -------
    float32 array (n, 64, 64, 2) of differences, (n, 64, 64, 1) of hosts
        The image, and the width at every pixel of a difference, 0 where it is not known.
    """
    if image == "difference":
        return streak_network.prepare(stamps, fwhm)
    windows = np.zeros((len(stamps), SIDE, SIDE, 1), np.float32)
    for window, stamp in zip(windows, stamps, strict=True):
        shown = np.arcsinh(np.nan_to_num(in_sigma(_middle(stamp, _extent(stamp)))))
        if max(shown.shape) > SIDE:
            shown = _coarser(shown)
        rows, columns = shown.shape
        top, left = (SIDE - rows) // 2, (SIDE - columns) // 2
        window[top : top + rows, left : left + columns, 0] = shown
    return windows


def _middle(stamp: NDArray[np.float32], side: int) -> NDArray[np.float32]:
    """Cut out the middle of a stamp, `side` px at most each way."""
    top, left = (max(size - side, 0) // 2 for size in stamp.shape)
    return stamp[top : top + side, left : left + side]


def _extent(stamp: NDArray[np.float32]) -> int:
    """Side of the smallest square in the middle of a stamp that holds all its pixels; at least 1."""
    finite = np.isfinite(stamp)
    sides = [1]
    for axis, size in enumerate(stamp.shape):
        there = np.flatnonzero(finite.any(axis=1 - axis))
        if there.size:
            sides.append(size - 2 * int(min(there[0], size - 1 - there[-1])))
    return max(sides)


def _coarser(image: NDArray[np.float32]) -> NDArray[np.float32]:
    """Average an image on coarser pixels, so that its larger side has 64."""
    step = max(image.shape) / SIDE
    rows, columns = (_shares(size, min(SIDE, round(size / step)), step) for size in image.shape)
    return np.asarray(rows @ image @ columns.T, np.float32)


def _shares(size: int, coarse: int, step: float) -> NDArray[np.float32]:
    """Weights (coarse, size) of the fine pixels in each coarse one."""
    edges = np.arange(coarse) * step
    overlap = np.minimum(edges[:, None] + step, np.arange(size) + 1) - np.maximum(edges[:, None], np.arange(size))
    return np.asarray(np.clip(overlap, 0.0, 1.0) / step, np.float32)
