"""Fits the oddity network to embeddings of ordinary images and of odd ones."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING

import numpy as np

from models.oddity_network import OddityNetwork

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    Floats = NDArray[np.floating]

#: Principal axes that it sees, members of the ensemble that are made one network, and neurons of each.
AXES, MEMBERS, NEURONS = 256, 2, 48
#: Penalty on the squared weights, and passes at most.
_PENALTY, _PASSES = 0.3, 40


def fit(ordinary: Floats, odd: Floats, digests: Sequence[str]) -> OddityNetwork:
    """Train an ensemble of one-layer networks, and put them and the whitening before them into one.

    Parameters
    ----------
    ordinary, odd : arrays (n, d), (m, d)
        Embeddings.
    digests : sequence of str
        Of what embedded them.
    """
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.neural_network import MLPClassifier

    given = np.asarray(ordinary, np.float64)
    mean = given.mean(axis=0)
    variances, vectors = np.linalg.eigh(np.cov((given - mean).T))
    axes = vectors[:, ::-1][:, :AXES] / variances[::-1][:AXES] ** 0.25
    every = (np.concatenate([given, np.asarray(odd, np.float64)]) - mean) @ axes
    scale = np.sqrt((every**2).mean())
    answers = np.repeat([0, 1], [len(ordinary), len(odd)])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # the passes are a limit, not a hope
        members = [
            MLPClassifier((NEURONS,), alpha=_PENALTY, max_iter=_PASSES, early_stopping=True, random_state=seed).fit(
                every / scale, answers
            )
            for seed in range(MEMBERS)
        ]
    first = axes / scale @ np.concatenate([one.coefs_[0] for one in members], axis=1)
    return OddityNetwork(
        first.astype(np.float32),
        (np.concatenate([one.intercepts_[0] for one in members]) - mean @ first).astype(np.float32),
        (np.concatenate([one.coefs_[1][:, 0] for one in members]) / MEMBERS).astype(np.float32),
        np.float32(np.mean([one.intercepts_[1][0] for one in members])) * np.ones((), np.float32),
        np.array(sorted(digests), np.str_),
    )
