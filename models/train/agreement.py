"""How well a student's feature space repeats its teacher's: the figures of its card."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from models.intervals import Figure, bootstrapped, draws

if TYPE_CHECKING:
    from numpy.typing import NDArray

NEIGHBOURS = 10


@dataclass(frozen=True, slots=True)
class Agreement:
    """Student against teacher on the same images; intervals from a bootstrap over packets.

    Attributes
    ----------
    cosine : Figure
        Mean cosine between the two networks' features of an image, each network's centred on its own mean over the
        sample.
    spearman : Figure
        Rank correlation of the science-to-reference distances.
    neighbours : Figure
        Mean number of the teacher's ten nearest science images, itself not counted, that are among the student's ten.
    """

    cosine: Figure
    spearman: Figure
    neighbours: Figure


def agreement(
    teacher: tuple[NDArray[np.float32], NDArray[np.float32]], student: tuple[NDArray[np.float32], NDArray[np.float32]]
) -> Agreement:
    """Compare two networks on packets.

    Parameters
    ----------
    teacher, student : pairs of arrays (n, d)
        Features of science images and of their references, packet by packet.

    Returns
    -------
    Agreement
    """
    cosines = _cosines(np.concatenate(teacher), np.concatenate(student)).reshape(2, -1).mean(axis=0)
    distances = np.stack([np.linalg.norm(science - reference, axis=1) for science, reference in (teacher, student)])
    shared = _shared_neighbours(teacher[0], student[0])
    n = len(cosines)
    packets = draws(n)
    return Agreement(
        cosine=bootstrapped(cosines.mean(), cosines[packets].mean(axis=1), 2 * n),
        spearman=bootstrapped(_spearman(distances), np.array([_spearman(distances[:, draw]) for draw in packets]), n),
        neighbours=bootstrapped(shared.mean(), shared[packets].mean(axis=1), n),
    )


def _cosines(teacher: NDArray[np.float32], student: NDArray[np.float32]) -> NDArray[np.float64]:
    a, b = (features - features.mean(axis=0) for features in (teacher, student))
    return np.asarray((a * b).sum(axis=1) / (np.linalg.norm(a, axis=1) * np.linalg.norm(b, axis=1)))


def _shared_neighbours(teacher: NDArray[np.float32], student: NDArray[np.float32]) -> NDArray[np.float64]:
    ours, theirs = (_nearest(features) for features in (student, teacher))
    return np.array([len(np.intersect1d(a, b)) for a, b in zip(ours, theirs, strict=True)], dtype=np.float64)


def _nearest(features: NDArray[np.float32]) -> NDArray[np.intp]:
    places = features.astype(np.float64)
    squares: NDArray[np.float64] = np.einsum("ij,ij->i", places, places)
    products: NDArray[np.float64] = places @ places.T
    distances: NDArray[np.float64] = np.add.outer(squares, squares) - 2.0 * products
    np.fill_diagonal(distances, np.inf)  # an image is not its own neighbour
    return np.asarray(np.argpartition(distances, NEIGHBOURS, axis=1)[:, :NEIGHBOURS])


def _spearman(values: NDArray[np.float32]) -> float:
    ranks = [np.unique(row, return_inverse=True, return_counts=True) for row in values]
    averaged = [(np.cumsum(counts) - (counts - 1) / 2)[inverse] for _, inverse, counts in ranks]
    matrix: NDArray[np.float64] = np.asarray(np.corrcoef(averaged))
    return float(matrix[0, 1])
