"""The streak network at work: stamps in, scores and measured streaks out."""

from __future__ import annotations

import hashlib
import math
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from models import streak_network
from models.simulate.streaks.trail import Segment
from models.streak_fit import fit_streak
from schemas.errors import BackboneError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray
    from tf_keras import Model

WEIGHTS = Path(__file__).with_name("sosia-streak.h5")
WEIGHTS_SHA256 = "e6b5a4aeb98494c231edd98779becf2c71577d4112baf89597bd812062ff241b"
VERSION = "sosia-streak-1"

#: Score above which one in a hundred of the calibration's impostors lie: `models.simulate.streaks.frozen`.
THRESHOLD = 0.9001

_BATCH = 256
#: What scores less at first sight is looked at once only: none of it would come to pass.
_DOUBT = 0.02
_TURNS = 8


@dataclass(frozen=True, slots=True)
class Streak:
    """What the network says of one stamp.

    Attributes
    ----------
    score : float
        0 to 1; the greater of the stamp's and its negative's.
    polarity : int
        -1 where the score is the negative's: the object is dark.
    segment : Segment
        Where the streak lies, as the network sees it, or as measured where it was asked for [px of the stamp].
    """

    score: float
    polarity: int
    segment: Segment


def load(file: Path = WEIGHTS, sha256: str | None = WEIGHTS_SHA256) -> StreakDetector:
    """Open the detector with the weights that come with the project.

    Parameters
    ----------
    file : path
        Weights of the five-output network, never a stored model: no code in the file is run.
    sha256 : str or None
        What the file must have; None for one's own.

    Raises
    ------
    BackboneError
        The file is missing, damaged, or not the one that was published with this version.
    """
    mend = "install sosia-broker again, or make it again with `sosia train streak`"
    if not file.is_file():
        raise BackboneError(f"streak weights {file} are missing: {mend}")
    if sha256 is not None and (found := hashlib.sha256(file.read_bytes()).hexdigest()) != sha256:
        raise BackboneError(f"streak weights {file} have sha256 {found} instead of {sha256}: {mend}")
    model = streak_network.build()
    try:
        model.load_weights(str(file))
    except Exception as error:  # h5py and Keras raise nearly anything on a damaged file
        what = (str(error) or type(error).__name__).splitlines()[0]
        raise BackboneError(f"streak weights {file} are damaged or of another network ({what}): {mend}") from error
    return StreakDetector(model)


class StreakDetector:
    """A streak network with everything that it needs around it.

    Parameters
    ----------
    model : tf_keras.Model
        Of `models.streak_network.build()`.
    """

    def __init__(self, model: Model) -> None:
        import tensorflow as tf

        shape = tf.TensorSpec((None, streak_network.SIDE, streak_network.SIDE, 1), tf.float32)
        self._run = tf.function(lambda images: model(images, training=False), input_signature=[shape])

    def outputs(self, windows: NDArray[np.float32]) -> NDArray[np.float32]:
        """Run the network; where it sees the least sign of a streak, mirrored and turned as well.

        The eight log odds are averaged: a streak is one whichever way it lies.

        Parameters
        ----------
        windows : float32 array (n, 64, 64, 1)
            As `streak_network.prepare` gives them.

        Returns
        -------
        float32 array (n, 5)
            Score, and the ends [px of the window].
        """
        found = self._once(windows)
        again = found[:, 0] > _log_odds(_DOUBT)
        if again.any():
            odds = [self._once(streak_network.turned(windows[again], turn))[:, 0] for turn in range(1, _TURNS)]
            found[again, 0] = (found[again, 0] + sum(odds)) / _TURNS
        found[:, 0] = 1.0 / (1.0 + np.exp(-np.clip(found[:, 0], -60.0, 60.0)))
        found[:, 1:] = found[:, 1:] * streak_network.SIDE / 2 + (streak_network.SIDE - 1) / 2
        return found

    def _once(self, windows: NDArray[np.float32]) -> NDArray[np.float32]:
        parts = [windows[start : start + _BATCH] for start in range(0, len(windows), _BATCH)]
        return np.concatenate([np.empty((0, 5), np.float32), *(self._run(part).numpy() for part in parts)])

    def look(self, stamps: Sequence[NDArray[np.float32]], measured_above: float = 1.0) -> list[Streak]:
        """Look for one streak, bright or dark, in each of many stamps.

        Parameters
        ----------
        stamps : sequence of float32 arrays (rows, columns)
            Of any size, of which the inner 64 px count; NaN where pixels are missing.
        measured_above : float
            Streaks with a score above it are measured by least squares; by default none.

        Returns
        -------
        list of Streak
            One a stamp, in their order.
        """
        windows = streak_network.prepare(stamps)
        bright, dark = self.outputs(windows), self.outputs(-windows)
        streaks = []
        for stamp, pair in zip(stamps, zip(bright, dark, strict=True), strict=True):
            polarity = 1 if pair[0][0] >= pair[1][0] else -1
            found = pair[0] if polarity > 0 else pair[1]
            top, left = streak_network.margins(stamp.shape)
            x1, y1, x2, y2 = (float(one) for one in found[1:])
            segment = Segment(x1 - left, y1 - top, x2 - left, y2 - top)
            if found[0] > measured_above:
                segment = fit_streak(polarity * stamp, segment)
            streaks.append(Streak(float(found[0]), polarity, segment))
        return streaks


def _log_odds(score: float) -> float:
    return math.log(score / (1.0 - score))
