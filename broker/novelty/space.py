"""The feature space in which look-alikes are sought: the embedding as it is, or its principal axes, half whitened.

ULISSE takes Euclidean distances between embeddings as they come. There a few axes, brightness and size above all,
have nearly all the variance, and a ring around an ordinary galaxy moves it less than another galaxy's size does. Full
whitening (Mahalanobis) gives the axes that carry mere noise the same say. Half whitening lies between: of the first
`AXES` principal axes, each coordinate is divided by the fourth root of its variance. 64 coordinates instead of 1280
also make the index ten times smaller.

Where properties of some objects are known, look-alikes shall be alike in these above all: each property adds an axis,
its linear prediction from the embedding (`taught`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

SpaceName = Literal["embedding", "half-whitened"]

AXES = 64
#: Axes of less variance, as a share of the largest, hold rounding only.
FLAT = 1e-6
#: Of fewer images the smallest variances are mere chance, and would be blown up.
SAMPLE_PER_AXIS = 4
#: Of the predictions: principal axes that they rest on, ridge penalty, and how far objects lie apart along each, in
#: units of how far they do along all other axes together.
_PREDICTING, _PENALTY, _TAUGHT = 256, 10.0, 1.0
#: Half floats end at 65504; nothing real comes near.
FARTHEST = 3e4


@dataclass(frozen=True, slots=True, eq=False)
class Space:
    """A linear map of embeddings.

    Attributes
    ----------
    name : str
    mean : float32 array (d,)
    axes : float32 array (d, n)
    """

    name: SpaceName
    mean: NDArray[np.float32]
    axes: NDArray[np.float32]

    @property
    def dimensions(self) -> int:
        """Of the features."""
        return len(self.mean) if self.name == "embedding" else self.axes.shape[1]

    def features(self, embeddings: NDArray[np.floating]) -> NDArray[np.float32]:
        """Map embeddings (n, d) to features (n, dimensions)."""
        given = np.asarray(embeddings, np.float32)
        mapped = given if self.name == "embedding" else (given - self.mean) @ self.axes
        return np.ascontiguousarray(np.clip(mapped, -FARTHEST, FARTHEST))


def as_embedded(dimensions: int) -> Space:
    """Return ULISSE's space: embeddings as they are."""
    return Space("embedding", np.zeros(dimensions, np.float32), np.zeros((dimensions, 0), np.float32))


def half_whitened(sample: NDArray[np.floating], axes: int = AXES) -> Space:
    """Find the principal axes of a sample.

    Parameters
    ----------
    sample : array (n, d)
        Embeddings of ordinary images.
    axes : int
        How many to keep, where the sample is `SAMPLE_PER_AXIS` times as large.
    """
    axes = min(axes, max(len(sample) // SAMPLE_PER_AXIS, 1))
    given = np.asarray(sample, np.float64)
    mean = given.mean(axis=0)
    variances, vectors = np.linalg.eigh((given - mean).T @ (given - mean) / max(len(given) - 1, 1))
    variances, vectors = variances[::-1][:axes], vectors[:, ::-1][:, :axes]
    kept = variances > FLAT * max(variances[0], np.finfo(np.float32).tiny)
    scaled = vectors[:, kept] / variances[kept] ** 0.25
    return Space("half-whitened", mean.astype(np.float32), scaled.astype(np.float32))


def taught(space: Space, sample: NDArray[np.floating], values: NDArray[np.floating]) -> Space:
    """Add the axes along which known properties change.

    Parameters
    ----------
    space : Space
    sample : array (n, d)
        Embeddings.
    values : array (n, properties)
        NaN where unknown; a property that too few of the sample tell apart adds nothing.
    """
    if space.name == "embedding":
        return space
    predicting = half_whitened(sample, _PREDICTING)
    features = predicting.features(sample).astype(np.float64)
    width = np.sqrt((space.features(sample).astype(np.float64) ** 2).sum(axis=1).mean())
    axes = [space.axes]
    for property_ in np.asarray(values, np.float64).T:
        known = np.isfinite(property_)
        if known.sum() < SAMPLE_PER_AXIS * features.shape[1] or np.ptp(property_[known]) == 0:
            continue
        given, wanted = features[known], property_[known] - property_[known].mean()
        ridge = given.T @ given + _PENALTY * np.eye(given.shape[1])
        slope = np.linalg.solve(ridge, given.T @ (wanted / wanted.std()))
        axes.append((_TAUGHT * width * predicting.axes @ slope.astype(np.float32))[:, None])
    return Space(space.name, space.mean, np.concatenate(axes, axis=1).astype(np.float32))
