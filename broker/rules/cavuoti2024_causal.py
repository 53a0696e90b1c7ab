"""The published rule in a stream, where only the past is known.

As `broker.rules.cavuoti2024`, but of an object's epochs only the earlier ones exist yet, and the stack is the
reference that the epoch's own packet brings:

    d = min over p in {f_1 .. f_n, f_S} of |f - p|        d_S = min over i of |f_S - f_i|        flag: d > d_S

with f_1 .. f_n the earlier epochs. Problematic epochs among them stay: the published rule accepts or rejects nothing
before it measures.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from broker.annotation import EpochState
from broker.rules.neighbours import distances, stack_threshold
from broker.rules.rule import Verdict

if TYPE_CHECKING:
    from broker.rules.rule import Evidence

#: Fewer than five epochs, the judged one included, give a threshold that the next epoch can change at will.
MIN_EARLIER = 4


class Cavuoti2024Causal:
    """The published rule on past epochs only.

    Parameters
    ----------
    min_earlier : int
        With fewer earlier epochs there is no verdict.
    """

    name = "cavuoti2024-causal"

    def __init__(self, min_earlier: int = MIN_EARLIER) -> None:
        self._min_earlier = max(min_earlier, 1)

    def judge(self, evidence: Evidence) -> Verdict:
        """Judge one epoch; see `Rule`."""
        reference, history = evidence.reference, evidence.history
        earlier = len(history)
        if reference is None:
            return Verdict(EpochState.NO_REFERENCE, earlier, reason="no reference image")
        if earlier < self._min_earlier:
            return Verdict(
                EpochState.WARMING_UP,
                earlier,
                reason=f"{earlier} of the {self._min_earlier} earlier epochs that it takes",
            )
        threshold = stack_threshold(reference, history)
        if threshold is None:
            return Verdict(EpochState.WARMING_UP, earlier, reason="the reference is a copy of every earlier epoch")
        nearest = float(distances(evidence.science, np.vstack((history, reference))).min())
        return Verdict.judged(earlier, nearest, threshold)
