"""What is remembered of an object's earlier epochs, and the interface behind which every store hides."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from numpy.typing import NDArray

#: How many epochs of one series are kept: the newest.
KEPT_EPOCHS = 64


@dataclass(frozen=True, slots=True)
class Series:
    """The epochs that may be compared with each other.

    Attributes
    ----------
    survey, object_id : str
        Ids are untrusted text: no store may join them with a separator that they could hold.
    band : str
        Empty where the packet names none.
    digest : str
        Of the backbone and all that stands before it; embeddings of another are never mixed in.
    """

    survey: str
    object_id: str
    band: str
    digest: str


@dataclass(frozen=True, slots=True, eq=False)
class Epoch:
    """One epoch: a pure function of packet and backbone, and never a verdict.

    Attributes
    ----------
    epoch_id : str
        The survey's own id.
    mjd : float
        TAI at mid-exposure [d].
    embedding : float16 array (d,)
        Of the science image.
    """

    epoch_id: str
    mjd: float
    embedding: NDArray[np.float16]


@dataclass(frozen=True, slots=True, eq=False)
class Row:
    """What is written: an epoch, and where it belongs."""

    series: Series
    epoch: Epoch


@dataclass(frozen=True, slots=True)
class Question:
    """One epoch, of which the earlier ones are wanted.

    Attributes
    ----------
    series : Series
    epoch_id : str
        A packet that was sent twice is never compared with itself, even if its time was corrected in between.
    mjd : float
        Only epochs of smaller mjd are earlier ones.
    """

    series: Series
    epoch_id: str
    mjd: float


class History(Protocol):
    """A store of epochs, shared by workers. One instance serves one thread at a time."""

    def append(self, rows: Sequence[Row]) -> None:
        """Write a batch, all of it or nothing of it a series.

        What is there already stays as it is, so that writing again changes nothing. Of each series the newest
        epochs are kept, by (mjd, epoch_id). On return the rows survive the death of this process.

        Raises
        ------
        HistoryError
            The store cannot be reached or is damaged.
        """

    def earlier(self, questions: Sequence[Question]) -> list[list[Epoch]]:
        """Answer a batch of questions: for each all kept epochs that came before, newest first.

        Raises
        ------
        HistoryError
            The store cannot be reached or is damaged.
        """

    def close(self) -> None:
        """Let go of the file or the server."""
