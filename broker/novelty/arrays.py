"""Arrays in the files of an index. Where a file is damaged, numpy raises nearly anything, and so do these."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

#: Smaller files are read: mapped, each would take a page and a file's handle [bytes].
_SMALL = 4096


def map_array(path: Path, number: type[np.generic], axes: int = 1) -> NDArray[Any]:
    """Map a ``.npy`` file read-only; never unpickles.

    Raises
    ------
    ValueError
        It holds another type of number, or has another number of axes.
    """
    array = np.asarray(np.load(path, mmap_mode=None if path.stat().st_size <= _SMALL else "r", allow_pickle=False))
    if not np.issubdtype(array.dtype, number) or array.ndim != axes:
        raise ValueError(f"{path.name} holds {array.dtype} of {array.ndim} axes")
    return array


def read_arrays(path: Path) -> dict[str, NDArray[Any]]:
    """Read a ``.npz`` file by name; never unpickles."""
    with path.open("rb") as file, np.load(file, allow_pickle=False) as arrays:  # given a name, numpy may leave it open
        return dict(arrays)
