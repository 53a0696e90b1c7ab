r"""Novelty scores: how far an image lies from its look-alikes, and how odd it is.

``first-neighbour`` is the paper's (Cavuoti et al.): the distance :math:`d_1` of the nearest look-alike.

``relative`` compares the distance :math:`d_k` of the k-th look-alike with what the look-alikes themselves are used to,

.. math:: s = d_k \Big/ \sqrt{\tfrac1k \sum_{j \le k} d_k(j)},

with :math:`d_k(j)` the distance of entry j's own k-th neighbour, other objects' only. Where images are rare but
ordinary, such as bright and extended ones, all distances are large; the local outlier factor (Breunig et al. 2000)
divides by the neighbours' distances, and so forgives whole groups of strange images. The square root is half way.

``odd`` adds what distances cannot know, namely which changes of an image mean something,

.. math:: s = \ell + c \ln s_\mathrm{relative},

with :math:`\ell` the log odds of `models.oddity_network` and c = `DISTANCE_WEIGHT`. It takes embeddings that the
network knows.

``disturbed`` is for pictures of galaxies, and asks no look-alikes: `broker.novelty.undisturbed`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from broker.novelty.look_alikes import Nearest

ScoreName = Literal["first-neighbour", "relative", "odd", "disturbed"]

#: Which neighbour `relative` and `odd` go by.
RELATIVE_K = 20
#: Log odds that e times the distance is worth.
DISTANCE_WEIGHT = 3.0
#: Stands for no distance at all, as between copies of one image.
_TINY = 1e-12


def neighbour_number(name: ScoreName, objects: int) -> int:
    """Return k for an index of some objects: smaller where there are hardly as many."""
    return 1 if name == "first-neighbour" else max(1, min(RELATIVE_K, objects // 4))


def novelty(
    name: ScoreName,
    nearest: Nearest,
    k: int,
    usual: NDArray[np.floating],
    itself: NDArray[np.floating] | None = None,
) -> NDArray[np.float64]:
    """Score images by their look-alikes.

    Parameters
    ----------
    name : {"first-neighbour", "relative", "odd", "disturbed"}
    nearest : Nearest
        At least `k` look-alikes of each of n images.
    k : int
    usual : float array (entries,)
        The distance of each entry's own k-th neighbour.
    itself : float array (n,), optional
        What the images themselves tell: for `odd` the oddity network's log odds, for `disturbed` that score.

    Returns
    -------
    float64 array (n,)
        Infinite where there are fewer than k look-alikes.
    """
    distance = nearest.distances[:, k - 1]
    if name == "first-neighbour":
        return distance
    if name == "disturbed":
        assert itself is not None  # an index of this score has what is usual beside it
        return np.where(np.isfinite(distance), itself, np.inf)
    local = usual[np.maximum(nearest.rows[:, :k], 0)].astype(np.float64).mean(axis=1)
    relative = np.where(np.isfinite(distance), distance / np.sqrt(np.maximum(local, _TINY)), np.inf)
    if name == "relative":
        return np.asarray(relative)
    assert itself is not None  # an index of this score has the network beside it
    return np.asarray(itself + DISTANCE_WEIGHT * np.log(np.maximum(relative, _TINY)))
