"""The median of one image, quickly: numpy's own selects in a way that takes four times as long as a whole sort."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray


def median(values: NDArray[np.floating[Any]]) -> float:
    """Return the median of all values that are not NaN, as `numpy.nanmedian` does; NaN where there is none."""
    ordered = values.flatten()
    ordered.sort()  # NaN last
    count = ordered.size
    if count and np.isnan(ordered[-1]):
        count -= int(np.count_nonzero(np.isnan(ordered)))
    if count == 0:
        return float("nan")
    return float((ordered[(count - 1) // 2] + ordered[count // 2]) / 2)
