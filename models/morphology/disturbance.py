"""What tells a disturbed galaxy from an undisturbed one in a picture: three measures, all the larger, the more torn."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from models.morphology.asymmetry import asymmetries
from models.morphology.deviation import deviation
from models.morphology.segmentation import segment

if TYPE_CHECKING:
    from numpy.typing import NDArray

MEASURES = ("rotational asymmetry", "shape asymmetry", "deviation")


def disturbance(picture: NDArray[np.floating]) -> NDArray[np.float32]:
    """Measure the galaxy in the middle of a picture.

    Parameters
    ----------
    picture : array (rows, columns) or (bands, rows, columns)
        NaN where pixels are missing.

    Returns
    -------
    float32 array (3,)
        `MEASURES`; 0 for a picture without light above its sky.
    """
    one = segment(picture)
    if one is None:
        return np.zeros(len(MEASURES), np.float32)
    return np.array([*asymmetries(one), deviation(one)], np.float32)
