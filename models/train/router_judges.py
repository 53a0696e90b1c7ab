"""The class networks as judges of the router's stamps: what they would not accept, the router need not let pass."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from models import lens_finder, merger_finder, streak_detector
from models.router_calibration import networks
from models.simulate.mix.draw import CLASS_OF
from models.train.router_set import open_shard

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from models.simulate.mix.draw import Drawn

#: Forms and pixel scales [arcsec/px] of the lens networks, by source.
_LENSES = {"lens": ("ground", 0.2), "lens in space": ("space", 0.1)}


class Judges:
    """The class networks that ship, loaded once; each looks at a shard once, and its verdicts stay on disk.

    Parameters
    ----------
    verdicts : path
        Folder for them.
    """

    def __init__(self, verdicts: Path) -> None:
        self._verdicts = verdicts
        self._of = networks()
        self._streak, self._merger = streak_detector.load(), merger_finder.load()
        self._lens = {form: lens_finder.load(form) for form, _ in _LENSES.values()}

    def __call__(self, source: str, shard: Path) -> NDArray[np.float32]:
        """Tell by how much each stamp (n,) of a source's shard, positive or not, passes its class's network.

        Log odds above those of the threshold: the network accepts what is above 0.
        """
        # Verdicts of other networks, or at other thresholds, are never taken for these.
        file = self._verdicts / f"{shard.stem}-{self._of[CLASS_OF[source]][:12]}.npy"
        if not file.exists():
            scores, threshold = self._scores(source, open_shard(shard))
            file.parent.mkdir(parents=True, exist_ok=True)
            half_way = file.with_suffix(".part.npy")
            np.save(half_way, (_log_odds(np.array(scores)) - _log_odds(np.array(threshold))).astype(np.float32))
            half_way.replace(file)
        return np.asarray(np.load(file), np.float32)

    def _scores(self, source: str, drawn: Drawn) -> tuple[list[float], float]:
        stamps = list(drawn.images.astype(np.float32))
        if source == "streak":
            return [one.score for one in self._streak.look(stamps, fwhm=drawn.fwhm)], streak_detector.THRESHOLD
        if source == "merger":
            return self._merger.look(stamps), merger_finder.THRESHOLD
        form, pixel_scale = _LENSES[source]
        looks = self._lens[form].look(stamps, pixel_scale)
        return [one.score for one in looks], lens_finder.THRESHOLDS[form]


def _log_odds(scores: NDArray[np.float64]) -> NDArray[np.float64]:
    inner = np.clip(scores, 1e-6, 1 - 1e-6)
    return np.asarray(np.log(inner / (1 - inner)))
