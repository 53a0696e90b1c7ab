"""What a rule is asked, and what it answers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from broker.annotation import EpochState

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a rule says of one epoch; the fields are those of the annotation's `epoch`.

    Attributes
    ----------
    state : EpochState
    n_epochs : int
        Other epochs that it was compared with.
    score : float or None
        Over 1 means problematic.
    neighbour_distance : float or None
        To its first neighbour.
    threshold : float or None
        The largest such distance that is no fault.
    reason : str or None
        Why there is no score.
    """

    state: EpochState
    n_epochs: int
    score: float | None = None
    neighbour_distance: float | None = None
    threshold: float | None = None
    reason: str | None = None

    @property
    def problematic(self) -> bool | None:
        """Whether the image is a problematic one; None where nobody can tell."""
        return None if self.score is None else self.score > 1.0

    @classmethod
    def judged(cls, n_epochs: int, neighbour_distance: float, threshold: float) -> Verdict:
        """Return the verdict of a distance and its threshold (over 0)."""
        score = neighbour_distance / threshold
        return cls(EpochState.JUDGED, n_epochs, score, neighbour_distance, threshold)


@dataclass(frozen=True, slots=True, eq=False)
class Evidence:
    """What is known of an epoch.

    Attributes
    ----------
    science : array (d,)
        Embedding of its image.
    reference : array (d,) or None
        Embedding of its packet's stacked reference.
    history : array (n, d)
        Embeddings of the object's earlier epochs in the same band, in any order; n may be 0.
    fault : float or None
        The epoch network's log odds that the image has a fault that its reference has not.
    backbone : str
        Name of the network behind the embeddings: distances of different ones have different scales.
    frame_width : float
        Side of the sky frame [FWHM].
    """

    science: NDArray[np.float32]
    reference: NDArray[np.float32] | None
    history: NDArray[np.float32]
    fault: float | None = None
    backbone: str = ""
    frame_width: float = 0.0


class Rule(Protocol):
    """Judges an epoch by its reference and by what came before."""

    @property
    def name(self) -> str:
        """Name in annotations."""

    def judge(self, evidence: Evidence) -> Verdict:
        """Judge one epoch."""
