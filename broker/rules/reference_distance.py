"""The rule of a stream without history: the distance to the reference stands without a verdict."""

from __future__ import annotations

from typing import TYPE_CHECKING

from broker.annotation import EpochState
from broker.rules.rule import Verdict

if TYPE_CHECKING:
    from broker.rules.rule import Evidence


class ReferenceDistance:
    """Judges nothing: with no other epochs, nobody knows how far is far."""

    name = "reference-distance"

    def judge(self, evidence: Evidence) -> Verdict:
        """Return no score; see `Rule`."""
        if evidence.reference is None:
            return Verdict(EpochState.NO_REFERENCE, 0, reason="no reference image")
        return Verdict(EpochState.WARMING_UP, 0, reason="no earlier epochs to judge the distance by")
