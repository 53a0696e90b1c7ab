"""The published rule, as published: all epochs of an object at once, after the last one was taken.

Cavuoti, De Cicco et al. 2024, A&A 687, A246 (arXiv 2405.05591): "measure the distance from the first neighbor for
each image. If the distance was above the one obtained for a stacked image, we flagged the image as a potential
outlier". With f_i the embeddings of the N epochs of one object in one band, f_S that of their stack, and
P = {f_1 .. f_N, f_S},

    d_i = min over p in P, p not f_i, of |f_i - p|        d_S = min over i of |f_S - f_i|        flag i: d_i > d_S

so the stack sets the threshold for its own object, and there is nothing to tune.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from broker.annotation import EpochState
from broker.rules.neighbours import distances, stack_threshold
from broker.rules.rule import Verdict

if TYPE_CHECKING:
    from numpy.typing import NDArray

NAME = "cavuoti2024"


def judge_all(science: NDArray[np.float32], stack: NDArray[np.float32]) -> list[Verdict]:
    """Judge all epochs of one object in one band.

    Parameters
    ----------
    science : array (n, d)
        Embeddings of different epochs: an epoch that was sent twice must stand here once.
    stack : array (d,)
        Embedding of their stack.

    Returns
    -------
    list of Verdict
        One an epoch, in order.
    """
    others = len(science) - 1
    threshold = stack_threshold(stack, science)
    if others < 1 or threshold is None:
        reason = "no other epoch" if others < 1 else "the stack is a copy of every epoch"
        return [Verdict(EpochState.WARMING_UP, max(others, 0), reason=reason)] * len(science)
    return [
        Verdict.judged(
            others, float(distances(epoch, np.vstack((np.delete(science, i, axis=0), stack))).min()), threshold
        )
        for i, epoch in enumerate(science)
    ]


def stack_of(references: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return what stands for the stack where each packet brings a reference of its own: their medoid.

    The references of an object's packets are the same stack, cut and resampled again, or a later version of it. The
    medoid, the one with the smallest sum of distances to the others, is the embedding of a real stack; the mean or the
    median of several lies nearer to the centre than any image's, and its first-neighbour distance would be too small.

    Parameters
    ----------
    references : array (n, d)
        Embeddings of the references of the packets of one object in one band.

    Returns
    -------
    array (d,)
        One of them; the first of several equal ones.
    """
    medoid: NDArray[np.float32] = references[np.argmin([distances(one, references).sum() for one in references])]
    return medoid
