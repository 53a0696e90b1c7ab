"""The class networks as judges of the router's stamps: what they would not accept, the router need not let pass."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from models import lens_finder, merger_finder, streak_detector

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from models.simulate.mix.draw import Drawn


class Judges:
    """The networks that ship, loaded once."""

    def __init__(self) -> None:
        self._streak, self._merger = streak_detector.load(), merger_finder.load()
        self._lens = {
            "lens": (lens_finder.load("ground"), 0.2, lens_finder.THRESHOLDS["ground"]),
            "lens in space": (lens_finder.load("space"), 0.1, lens_finder.THRESHOLDS["space"]),
        }

    def __call__(self, source: str, drawn: Drawn) -> NDArray[np.bool_]:
        """Tell which positives (n,) of a source its class's network accepts; of the others, none is asked."""
        accepted = drawn.positive.copy()
        stamps = list(drawn.images[drawn.positive].astype(np.float32))
        if stamps:
            accepted[drawn.positive] = self._accepted(source, stamps)
        return accepted

    def _accepted(self, source: str, stamps: Sequence[NDArray[np.float32]]) -> NDArray[np.bool_]:
        if source == "streak":
            return np.array([one.score for one in self._streak.look(stamps)]) > streak_detector.THRESHOLD
        if source == "merger":
            return np.array(self._merger.look(stamps)) > merger_finder.THRESHOLD
        finder, pixel_scale, threshold = self._lens[source]
        return np.array([one.score for one in finder.look(stamps, pixel_scale)]) > threshold
