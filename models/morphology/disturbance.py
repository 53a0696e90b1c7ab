"""What tells a disturbed galaxy from an undisturbed one in a picture: four measures, all the larger, the more torn."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from models import merger_finder
from models.morphology.asymmetry import asymmetries
from models.morphology.deviation import deviation
from models.morphology.segmentation import segment

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from models.merger_finder import MergerFinder

#: Of shape, and what the merger network says; another network's log odds do not compare.
MEASURES = ("rotational asymmetry", "shape asymmetry", "deviation", f"log odds of {merger_finder.VERSION}")


class DisturbanceMeter:
    """Measures pictures.

    Parameters
    ----------
    finder : MergerFinder, optional
        By default it is loaded with the first pictures.
    """

    def __init__(self, finder: MergerFinder | None = None) -> None:
        self._given = finder

    @cached_property
    def _finder(self) -> MergerFinder:
        return self._given or merger_finder.load()

    def measure(self, pictures: Sequence[NDArray[np.floating]]) -> NDArray[np.float32]:
        """Measure the galaxies in the middle of pictures.

        Parameters
        ----------
        pictures : sequence of arrays (rows, columns) or (bands, rows, columns)
            NaN where pixels are missing.

        Returns
        -------
        float32 array (n, 4)
            `MEASURES`; those of shape are 0 for a picture without light above its sky.
        """
        if not pictures:
            return np.empty((0, len(MEASURES)), np.float32)
        grey = [one.reshape(-1, *one.shape[-2:]).mean(axis=0, dtype=np.float32) for one in pictures]
        shapes = np.array([shape(one) for one in pictures])
        return np.column_stack([shapes, self._finder.log_odds(grey)]).astype(np.float32)


def shape(picture: NDArray[np.floating]) -> tuple[float, float, float]:
    """Measure rotational asymmetry, shape asymmetry and deviation; no network is asked."""
    one = segment(picture)
    return (0.0, 0.0, 0.0) if one is None else (*asymmetries(one), deviation(one))
