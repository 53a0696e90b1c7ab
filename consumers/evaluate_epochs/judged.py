"""One simulated epoch: the truth, and what every rule says of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from models.simulate.worlds.observed import Exposure, Observed

#: Faults above this S/N count as bad; fainter ones count neither as bad nor as good.
LEAST_SNR = 10.0


@dataclass(frozen=True, slots=True, eq=False)
class JudgedEpoch:
    """An epoch and its scores.

    Attributes
    ----------
    world : str
    number : int
        Of its object among all objects of the run.
    observed : Observed
    exposure : Exposure
    earlier : int
        Readable earlier epochs of the object: the past that every rule sees.
    readable : bool
        Whether its image can be judged at all; where not, no rule has a score, and its subscriber is told.
    scores : mapping
        Of every rule, by its name; over 1 means problematic, None means that it cannot tell yet.
    """

    world: str
    number: int
    observed: Observed
    exposure: Exposure
    earlier: int
    readable: bool
    scores: Mapping[str, float | None]

    @property
    def bad(self) -> bool:
        """Whether it has a fault that must be found."""
        return self.exposure.fault is not None and self.exposure.fault_snr > LEAST_SNR

    @property
    def good(self) -> bool:
        """Whether it must not be flagged; images of which too much is missing are left to `readable`."""
        return self.exposure.fault is None and self.exposure.extreme != "masked"

    def told(self, rule: str) -> bool:
        """Whether a subscriber is told that something is wrong: it is flagged, or it cannot be read."""
        score = self.scores.get(rule)
        return not self.readable or (score is not None and score > 1.0)
