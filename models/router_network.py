"""The router's network: small, shared by the classes, with one output each; and the form in which it sees an image.

It looks at one image at a time, the difference for streaks and the host for lenses and mergers: what they share is what
edges, trails and cores look like.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from models.convolution import convolution
from models.streak_network import in_sigma

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray
    from tf_keras import Model
    from tf_keras.layers import Layer

SIDE = 64
"""Of the network's window [px]."""

CLASSES = ("streak", "lens", "merger")
"""In the order of the outputs."""

#: Which image each class is looked for in.
IMAGE_OF = {"streak": "difference", "lens": "host", "merger": "host"}

#: A layer that no other network has.
TELLING_LAYER = "router_output"

#: Filters, kernel sizes and strides: 6.6 million multiplications an image, two images an alert. Of the class networks
#: the streak network alone takes 60 million: 30 for either polarity.
CONVOLUTIONS = ((16, 5, 2), (32, 3, 2), (32, 3, 1), (48, 3, 2), (48, 3, 1), (64, 3, 2))


def build(*, normalised: bool = False) -> Model:
    """Lay out the network.

    Parameters
    ----------
    normalised : bool
        With batch normalisation behind every convolution, as it is trained; without, as it is used.

    Returns
    -------
    tf_keras.Model
        Maps (n, 64, 64, 1) as `prepare` gives it to log odds (n, 3) of the `CLASSES`.
    """
    from tf_keras import Model, layers

    images = layers.Input((SIDE, SIDE, 1))
    x: Layer = images
    for number, (filters, size, stride) in enumerate(CONVOLUTIONS, 1):
        name = f"router_convolution{number}"
        x = convolution(x, name, filters, normalised=normalised, size=size, stride=stride)
    x = layers.Flatten(name="router_flatten")(x)
    return Model(images, layers.Dense(len(CLASSES), name=TELLING_LAYER)(x), name="sosia-router")


def fold(trained: Model) -> Model:
    """Merge batch normalisation into the convolutions: the same function in fewer operations."""
    from models.student import fold_into

    return fold_into(trained, build())


def prepare(stamps: Sequence[NDArray[np.float32]], image: str) -> NDArray[np.float32]:
    """Give stamps the form that the network sees: in units of their noise, compressed by asinh, 0 where missing.

    Parameters
    ----------
    stamps : sequence of float32 arrays (rows, columns)
        Of any size; NaN where pixels are missing.
    image : {"difference", "host"}
        Of a larger difference the inner 64 px count, as for the streak network; of a host all that lies as far from
        the middle as its farthest pixel, on coarser pixels where that is more.

    Returns
    -------
    float32 array (n, 64, 64, 1)
    """
    windows = np.zeros((len(stamps), SIDE, SIDE, 1), np.float32)
    for window, stamp in zip(windows, stamps, strict=True):
        inner = _middle(stamp, SIDE if image == "difference" else _extent(stamp))
        shown = np.arcsinh(np.nan_to_num(in_sigma(inner)))
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
