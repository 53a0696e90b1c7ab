"""The project's own rule: a fault that a network knows, or an image that lies far from all that it should be like.

With L the epoch network's log odds of a fault (`models.epoch_network`), f and f_R the embeddings of the science image
and of its reference, and f_1 .. f_n those of the object's earlier epochs,

    d = min over p in {f_R, f_1 .. f_n} of |f - p|              odds = e^L + e^(d - far)
    score = log(1 + odds) / log(1 + odds of the threshold)

so there is a score from the first epoch on. The distance is the published rule's (`broker.rules.cavuoti2024_causal`),
and stands for faults that the network never saw: where it is ``far``, odds are even. What really changed is as far from
the reference at first, and then finds itself among the earlier epochs: with them, the score is a better one. In a
narrow frame, such as Rubin's 6", the object fills the image, and the distance tells of it and not of the image.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from broker.annotation import EpochState
from broker.rules.neighbours import distances
from broker.rules.rule import Verdict

if TYPE_CHECKING:
    from broker.rules.rule import Evidence

#: By backbone; the distances of others have another scale, and do not count. One good first epoch in a hundred of the
#: simulated worlds is 9 from its reference.
FAR = {"sosia-64": 10.0, "efficientnetv2-b0": 10.0}

#: Sides of the sky frame from which on distances count [FWHM]: ZTF's and the monitoring world's have over 30.
LEAST_FRAME_WIDTH = 20.0

#: Odds; the highest at which the simulated worlds' faults were found with a margin, see ``models/cards/epochs.md``.
THRESHOLD = 1.5


class Sosia:
    """The epoch network's verdict, beside the distance from reference and earlier epochs."""

    name = "sosia"

    def judge(self, evidence: Evidence) -> Verdict:
        """Judge one epoch; see `Rule`."""
        earlier = len(evidence.history)
        if evidence.reference is None:
            return Verdict(EpochState.NO_REFERENCE, earlier, reason="no reference image")
        if evidence.fault is None:
            return Verdict(EpochState.WARMING_UP, earlier, reason="no epoch network")
        nearest = float(distances(evidence.science, np.vstack((evidence.history, evidence.reference))).min())
        log_odds = evidence.fault
        if evidence.backbone in FAR and evidence.frame_width >= LEAST_FRAME_WIDTH:
            log_odds = float(np.logaddexp(log_odds, nearest - FAR[evidence.backbone]))
        score = float(np.logaddexp(0.0, log_odds)) / math.log1p(THRESHOLD)  # a damaged image's odds may overflow
        return Verdict(EpochState.JUDGED, earlier, score, nearest)
