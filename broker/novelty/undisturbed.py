r"""How disturbed a galaxy's picture is, against those of an index: the novelty of pictures.

.. math:: s = \ln \left(1 + \exp \sum_j w_j \frac{x_j - \mathrm{med}_j}{1.4826\, \mathrm{MAD}_j}\right)

over the measures of `models.morphology.disturbance`, with the entries' median and median absolute deviation. Those of
shape, which are much alike, have one half of the weight together, the merger network's log odds the other. The measures
point one way: an uncommonly smooth and round galaxy is none of the oddities that people look for. The logarithm only
keeps the score above zero.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from models.morphology.disturbance import MEASURES

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from numpy.typing import NDArray

#: Of `MEASURES`, in their order.
_WEIGHTS = (1 / 6, 1 / 6, 1 / 6, 1 / 2)
_MAD = 1.4826
#: Smallest spread that is believed: copies of one picture have none.
_LEAST = 1e-3


@dataclass(frozen=True, slots=True, eq=False)
class Undisturbed:
    """What is usual among an index's pictures.

    Attributes
    ----------
    middle, spread : float64 arrays (measures,)
    """

    middle: NDArray[np.float64]
    spread: NDArray[np.float64]

    @classmethod
    def of(cls, disturbances: NDArray[np.floating]) -> Undisturbed:
        """Sum up the entries' measures (n, measures)."""
        middle = np.median(np.asarray(disturbances, np.float64), axis=0)
        return cls(middle, np.maximum(_MAD * np.median(np.abs(disturbances - middle), axis=0), _LEAST))

    @classmethod
    def open(cls, path: Path) -> Undisturbed:
        """Read it; raises OSError, KeyError, or ValueError where other measures were taken than now."""
        with np.load(path, allow_pickle=False) as file:
            if "measures" not in file or tuple(file["measures"]) != MEASURES:
                raise ValueError(f"its pictures were judged by other measures than {', '.join(MEASURES)}")
            return cls(file["middle"], file["spread"])

    def save(self, path: Path) -> None:
        """Write it."""
        np.savez(path, allow_pickle=False, measures=np.array(MEASURES), middle=self.middle, spread=self.spread)

    def score(self, disturbances: NDArray[np.floating]) -> NDArray[np.float64]:
        """Score pictures by their measures (n, measures); NaN where they are."""
        mean = (disturbances - self.middle) / self.spread @ np.array(_WEIGHTS)
        return np.asarray(np.maximum(mean, 0.0) + np.log1p(np.exp(-np.abs(mean))), np.float64)


def stacked(disturbances: Iterable[NDArray[np.float32] | None]) -> NDArray[np.float32]:
    """Put images' measures into one array (n, measures): NaN for those that are no pictures."""
    unknown = np.full(len(MEASURES), np.nan, np.float32)
    return np.stack([unknown if one is None else one for one in disturbances])
