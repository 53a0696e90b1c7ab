"""Distances in feature space: Euclidean, as in ULISSE and in Cavuoti et al."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def distances(place: NDArray[np.float32], others: NDArray[np.float32]) -> NDArray[np.float64]:
    """Return the distances from one place (d,) to others (n, d).

    By differences: the quicker way over scalar products cannot tell near-copies from copies.
    """
    squares: NDArray[np.float64] = ((others.astype(np.float64) - place) ** 2).sum(axis=1)
    return np.sqrt(squares)


def stack_threshold(stack: NDArray[np.float32], epochs: NDArray[np.float32]) -> float | None:
    """Return the stack's distance to its first neighbour among the epochs: the published threshold.

    An epoch in the very place of the stack is the same image again, as where a survey takes one exposure for its
    reference. It is no neighbour: as one it would make the threshold zero, and flag whatever is no copy of it.

    Returns
    -------
    float or None
        Over 0; None where there is no epoch but copies of the stack.
    """
    apart = distances(stack, epochs)
    apart = apart[apart > 0.0]
    return float(apart.min()) if len(apart) else None
