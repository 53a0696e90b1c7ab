"""How likely an image has structure that does not belong there, by its embedding: a small network that ships.

Trained on simulated images against the same with random light and damage in them (``models/simulate/oddities.py``;
outlier exposure, Hendrycks et al. 2019, arXiv 1812.04606). It knows the bundled backbone's embeddings of ZTF's
and Rubin's alerts, and no others.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from models.shipped import verified

if TYPE_CHECKING:
    from numpy.typing import NDArray

FILE = Path(__file__).parent / "sosia-oddity.npz"
#: What the file that ships must have.
SHA256 = "73431d7521a48432c18880ed67d8a3d54a98ab36f5c153818e4c00aa4f9f961b"

_WEIGHTS = ("first", "bias", "second", "offset")


@dataclass(frozen=True, slots=True, eq=False)
class OddityNetwork:
    """One hidden layer.

    Attributes
    ----------
    first : float32 array (d, hidden)
    bias : float32 array (hidden,)
    second : float32 array (hidden,)
    offset : float32 array ()
    digests : str array
        Of the embedders, one a sky frame, whose embeddings it knows.
    """

    first: NDArray[np.float32]
    bias: NDArray[np.float32]
    second: NDArray[np.float32]
    offset: NDArray[np.float32]
    digests: NDArray[np.str_]

    @classmethod
    def open(cls, path: Path) -> OddityNetwork:
        """Read a network; raises nearly anything where the file is none."""
        with np.load(path, allow_pickle=False) as file:
            first, bias, second, offset = (file[name].astype(np.float32) for name in _WEIGHTS)
            return cls(first, bias, second, offset, file["digests"])

    def save(self, path: Path) -> None:
        """Write it, in half floats."""
        halves = {name: getattr(self, name).astype(np.float16) for name in _WEIGHTS}
        np.savez(path, allow_pickle=False, digests=self.digests, **halves)

    def knows(self, digest: str) -> bool:
        """Whether it was trained on the embeddings of an embedder and sky frame."""
        return digest in self.digests

    def log_odds(self, embeddings: NDArray[np.floating]) -> NDArray[np.float64]:
        """Map embeddings (n, d) to log odds (n,)."""
        hidden = np.maximum(np.asarray(embeddings, np.float32) @ self.first + self.bias, 0.0)
        return np.asarray(hidden @ self.second + self.offset, np.float64)


def known_to(digest: str) -> OddityNetwork | None:
    """Return the network that ships where it knows an embedder's embeddings; raises as `shipped`."""
    one = shipped()
    return one if one.knows(digest) else None


def shipped() -> OddityNetwork:
    """Open the network that comes with the project.

    Raises
    ------
    BackboneError
        It is missing or damaged.
    """
    return OddityNetwork.open(verified("oddity", FILE, SHA256))
