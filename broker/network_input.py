"""What a network sees: stretched images, enlarged to its side and with three channels."""

from __future__ import annotations

from collections import defaultdict
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

#: Shares of a cube's bands in red, green and blue: the last band, the reddest of ``gri``, goes to red as in
#: SDSS's colour images, which ULISSE was built on. Of two bands green takes the mean.
CHANNELS = {
    1: ((1.0,), (1.0,), (1.0,)),
    2: ((0.0, 1.0), (0.5, 0.5), (1.0, 0.0)),
    3: ((0.0, 0.0, 1.0), (0.0, 1.0, 0.0), (1.0, 0.0, 0.0)),
}

#: The networks' own scaling starts from 8-bit images.
WHITE = 255.0

#: What of this file changes the network's input: part of the digest. ``version`` stands for the code.
INPUT_MANIFEST = {"version": 1, "resize": "bilinear, half-pixel centres", "white": WHITE, "channels": CHANNELS}


def network_input(images: Sequence[NDArray[np.float32]], side: int) -> NDArray[np.float32]:
    """Enlarge stretched images and give the network its three channels.

    Parameters
    ----------
    images : sequence of arrays (bands, rows, columns)
        In [0, 1].
    side : int
        Of the network's input [px].

    Returns
    -------
    float32 array (n, side, side, 3)
        In [0, 255].
    """
    enlarged = np.empty((len(images), side, side, 3), dtype=np.float32)
    alike = defaultdict(list)
    for index, image in enumerate(images):
        alike[image.shape].append(index)
    for (bands, rows, columns), members in alike.items():
        stack = np.stack([images[i] for i in members])
        resized = bilinear(rows, side) @ stack @ bilinear(columns, side).T
        for channel, shares in enumerate(CHANNELS[bands]):
            mixed = (share * resized[:, band] for band, share in enumerate(shares) if share)
            enlarged[members, ..., channel] = WHITE * sum(mixed)
    return enlarged


@lru_cache
def bilinear(size: int, side: int) -> NDArray[np.float32]:
    """Weights (side, size) of bilinear interpolation with half-pixel centres; no smoothing where it shrinks."""
    position = np.clip((np.arange(side) + 0.5) * size / side - 0.5, 0.0, size - 1.0)
    weights = np.maximum(0.0, 1.0 - np.abs(position[:, None] - np.arange(size)))
    return weights.astype(np.float32)
