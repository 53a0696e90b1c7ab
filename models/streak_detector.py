"""The streak network at work: stamps in, scores and measured streaks out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from models import streak_network
from models.batched import Batched
from models.looks import looked_at
from models.shipped import Shipped
from models.simulate.streaks.trail import Segment
from models.streak_fit import fit_streak

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray
    from tf_keras import Model

WEIGHTS = Shipped("streak", "sosia-streak.h5", "d7372de7f52ec5777f5b472ac0067db2c0b91aed06b0a2055e9a3aec19c93395")
VERSION = "sosia-streak-4"

#: Score above which one in a hundred of the calibration's impostors lie: `models.simulate.streaks.frozen`.
THRESHOLD = 0.8758

_BATCH = 64
_AT_ONCE = 512
#: How often a stamp is looked at in all, and the score so far above which it is: of 9,000 drawn stamps none that was
#: left before the eighth look would have come above the threshold, and of ordinary alerts few are looked at twice.
_LOOKS = ((2, 0.2), (8, 0.4))


@dataclass(frozen=True, slots=True)
class Streak:
    """What the network says of one stamp.

    Attributes
    ----------
    score : float
        0 to 1; of the stamp and its negative the greater, where both were looked at.
    polarity : int
        -1 where the score is the negative's: the object is dark.
    segment : Segment
        Where the streak lies, as the network sees it, or as measured where it was asked for [px of the stamp].
    """

    score: float
    polarity: int
    segment: Segment


def load(own: Path | None = None) -> StreakDetector:
    """Open the detector with the weights that come with the project, or with one's own.

    Raises
    ------
    BackboneError
        The file is missing, damaged, or not the one that was published with this version.
    """
    return StreakDetector(WEIGHTS.load_into(streak_network.build, own))


class StreakDetector:
    """A streak network with everything that it needs around it.

    Parameters
    ----------
    model : tf_keras.Model
        Of `models.streak_network.build()`.
    """

    def __init__(self, model: Model) -> None:
        self._run = Batched(model, _BATCH)

    def outputs(self, windows: NDArray[np.float32]) -> NDArray[np.float32]:
        """Run the network; where it sees the least sign of a streak, mirrored and turned as well.

        The log odds are averaged: a streak is one whichever way it lies.

        Parameters
        ----------
        windows : float32 array (n, 64, 64, 2)
            As `streak_network.prepare` gives them.

        Returns
        -------
        float32 array (n, 5)
            Score, and the ends [px of the window].
        """
        starts = range(0, len(windows), _AT_ONCE)
        found = [self._judged(windows[start : start + _AT_ONCE]) for start in starts]
        return np.concatenate([np.empty((0, 5), np.float32), *found])

    def _judged(self, windows: NDArray[np.float32]) -> NDArray[np.float32]:
        found = looked_at(windows, self._run, _LOOKS)
        found[:, 0] = 1.0 / (1.0 + np.exp(-np.clip(found[:, 0], -60.0, 60.0)))
        found[:, 1:] = found[:, 1:] * streak_network.SIDE / 2 + (streak_network.SIDE - 1) / 2
        return found

    def look(
        self,
        stamps: Sequence[NDArray[np.float32]],
        measured_above: float = 1.0,
        fwhm: Sequence[float | None] | NDArray[np.floating] | None = None,
        polarity: Sequence[int | None] | NDArray[np.integer] | None = None,
    ) -> list[Streak]:
        """Look for one streak, bright or dark, in each of many stamps.

        Parameters
        ----------
        stamps : sequence of float32 arrays (rows, columns)
            Of any size, of which the inner 64 px count; NaN where pixels are missing.
        measured_above : float
            Streaks with a score above it are measured by least squares; by default none.
        fwhm : sequence of float or None, or array (n,), optional
            Widths of the stamps' PSFs [px]; None or NaN for one that is not known.
        polarity : sequence of int or None, or array (n,), optional
            +1 where only a bright streak is looked for, -1 where only a dark one; None for either.

        Returns
        -------
        list of Streak
            One a stamp, in their order.
        """
        windows = streak_network.prepare(stamps, fwhm)
        told = np.zeros(len(stamps)) if polarity is None else np.array([one or 0 for one in polarity])
        bright, dark = np.flatnonzero(told >= 0), np.flatnonzero(told <= 0)
        outputs = self.outputs(np.concatenate([windows[bright], streak_network.negative(windows[dark])]))
        both = np.full((2, len(stamps), 5), -1.0)  # a score that loses, where nobody looked
        both[0, bright], both[1, dark] = np.split(outputs, [len(bright)])
        streaks = []
        for stamp, pair in zip(stamps, both.swapaxes(0, 1), strict=True):
            polarity_found = 1 if pair[0][0] >= pair[1][0] else -1
            found = pair[0] if polarity_found > 0 else pair[1]
            top, left = streak_network.margins(stamp.shape)
            x1, y1, x2, y2 = (float(one) for one in found[1:])
            segment = Segment(x1 - left, y1 - top, x2 - left, y2 - top)
            if found[0] > measured_above:
                segment = fit_streak(polarity_found * stamp, segment)
            streaks.append(Streak(float(found[0]), polarity_found, segment))
        return streaks
