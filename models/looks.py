"""Several looks at one window: an object is what it is whichever way it lies, so that log odds are averaged over them.

Only what a first look leaves in doubt is looked at again: most stamps hold nothing, and cost one look.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray


def turned(images: NDArray[Any], turn: int) -> NDArray[Any]:
    """Mirror and turn images (n, side, side, planes): one of eight ways, 0 to 7, of which 0 changes nothing."""
    if turn & 1:
        images = images[:, ::-1]
    if turn & 2:
        images = images[:, :, ::-1]
    return images.swapaxes(1, 2) if turn & 4 else images


def looked_at(
    windows: NDArray[np.float32],
    network: Callable[[NDArray[np.float32]], NDArray[np.float32]],
    looks: Sequence[tuple[int, float]],
) -> NDArray[np.float32]:
    """Run a network on windows, and again on those in doubt, mirrored and turned.

    Parameters
    ----------
    windows : float32 array (n, side, side, planes)
    network : callable
        Gives outputs (n, m), the first of them log odds.
    looks : sequence of (int, float)
        How often a window is looked at in all, 8 at most, and the score so far above which it is.

    Returns
    -------
    float32 array (n, m)
        Of the first look, but for the log odds, which are the mean over all of them.
    """
    found = network(windows)
    again, done = np.arange(len(windows)), 1
    for number, doubt in looks:
        again = again[found[again, 0] > math.log(doubt / (1.0 - doubt))]
        if len(again):
            added = network(np.concatenate([turned(windows[again], turn) for turn in range(done, number)]))
            found[again, 0] = (done * found[again, 0] + added[:, 0].reshape(number - done, -1).sum(axis=0)) / number
        done = number
    return found
