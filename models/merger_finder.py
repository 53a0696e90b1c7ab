"""The merger network at work: stamps in, scores out."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from models import merger_network
from models.batched import Batched
from models.looks import looked_at
from models.shipped import Shipped

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from numpy.typing import NDArray
    from tf_keras import Model

WEIGHTS = Shipped("merger", "sosia-merger.h5", "5a64e7653258e83225db6c048502a2385dbe6c12ef549860b73d4adf5e86ad9b")
VERSION = "sosia-merger-4"

#: Score above which a stamp is told to hold a merger: fewest errors in the balanced calibration.
THRESHOLD = 0.4846
#: Score of a candidate worth a look where mergers are rare: 70 % of the calibration's mergers, 0.8 % of its others.
CANDIDATE = 0.9034

_BATCH = 64
#: How often a picture is looked at in all for `log_odds`, and the score so far above which it is. A galaxy lies any
#: way, so that the log odds are averaged. Of a night's alerts so many are in doubt that it would cost an eighth of all
#: that an alert costs, for a thirtieth of its errors: `look` looks once.
_LOOKS = ((2, 0.1), (8, 0.2))
_AT_ONCE = 512


def load(own: Path | None = None) -> MergerFinder:
    """Open the finder with the weights that come with the project, or with one's own.

    Raises
    ------
    BackboneError
        The file is missing, damaged, or not the one that was published with this version.
    """
    return MergerFinder(WEIGHTS.load_into(merger_network.build, own))


class MergerFinder:
    """A merger network with everything that it needs around it.

    Parameters
    ----------
    model : tf_keras.Model
        Of `models.merger_network.build()`.
    """

    def __init__(self, model: Model) -> None:
        self._run = Batched(model, _BATCH)

    def odds(self, windows: NDArray[np.float32]) -> NDArray[np.float32]:
        """Log odds (n,) of windows (n, 64, 64, 2) as `merger_network.prepare` gives them, at one look."""
        return self._run(windows)[:, 0]

    def log_odds(self, stamps: Sequence[NDArray[np.float32]]) -> NDArray[np.float64]:
        """Log odds (n,) of a merger: in doubt the mean of several looks, turned and mirrored.

        Parameters
        ----------
        stamps : sequence of float32 arrays (rows, columns)
            As of `look`.
        """
        windows = (merger_network.prepare(some) for some in _parts(stamps))
        return np.concatenate([np.empty(0), *(looked_at(some, self._run, _LOOKS)[:, 0] for some in windows)])

    def look(self, stamps: Sequence[NDArray[np.float32]], pixel_scale: float | None = None) -> list[float]:
        """Tell of each stamp whether the galaxy in its middle was torn by another.

        Parameters
        ----------
        stamps : sequence of float32 arrays (rows, columns)
            One band, of any size, the galaxy in the middle; NaN where pixels are missing.
        pixel_scale : float, optional
            [arcsec/px]; unused, since the window is cut to the galaxy's own size.

        Returns
        -------
        list of float
            0 to 1, one a stamp, in their order.
        """
        del pixel_scale
        odds = np.concatenate([np.empty(0), *(self.odds(merger_network.prepare(some)) for some in _parts(stamps))])
        return [1.0 / (1.0 + math.exp(-one)) for one in np.clip(odds, -60.0, 60.0)]


def _parts(stamps: Sequence[NDArray[np.float32]]) -> Iterator[Sequence[NDArray[np.float32]]]:
    return (stamps[start : start + _AT_ONCE] for start in range(0, len(stamps), _AT_ONCE))
