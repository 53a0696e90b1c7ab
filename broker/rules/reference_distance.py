"""The rule of a stream without history: the distance to the reference stands without a verdict."""

from __future__ import annotations

from typing import TYPE_CHECKING

from broker.annotation import EpochState
from broker.rules.rule import Verdict

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


class ReferenceDistance:
    """Judges nothing: with no other epochs, nobody knows how far is far."""

    name = "reference-distance"

    def judge(
        self,
        science: NDArray[np.float32],  # noqa: ARG002  this and the other are every rule's arguments
        reference: NDArray[np.float32] | None,
        history: NDArray[np.float32],  # noqa: ARG002
    ) -> Verdict:
        """Return no score; see `Rule`."""
        if reference is None:
            return Verdict(EpochState.NO_REFERENCE, 0, reason="no reference image")
        return Verdict(EpochState.WARMING_UP, 0, reason="no earlier epochs to judge the distance by")
