"""Writes FITS images, a few header cards and one array each (FITS Standard 4.0, sections 3 and 4)."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

BLOCK = 2880

# What a header card may hold.
Value = str | int | float | bool


def _card(key: str, value: Value) -> str:
    if isinstance(value, bool):
        text = f"{'T' if value else 'F':>20}"
    elif isinstance(value, str):
        quoted = value.replace("'", "''")
        text = f"'{quoted:<8}'"
    elif isinstance(value, int):
        text = f"{value:>20}"
    else:
        digits = f"{value:.13G}"
        text = f"{digits if '.' in digits or 'E' in digits else digits + '.0':>20}"
    return f"{key:<8}= {text}"[:80].ljust(80)


def hdu(
    image: npt.NDArray[np.float32] | npt.NDArray[np.float64],
    cards: Mapping[str, Value] | None = None,
    *,
    extension: str | None = None,
) -> bytes:
    """Write one header and data unit.

    Parameters
    ----------
    image : array (rows, columns), float32 or float64
        NaN where there is no pixel.
    cards : mapping, optional
        Further header cards.
    extension : str, optional
        The unit's name; without one it is a file's first.
    """
    shape = {
        "BITPIX": -8 * image.itemsize,
        "NAXIS": 2,
        "NAXIS1": image.shape[1],
        "NAXIS2": image.shape[0],
    }
    first: dict[str, Value] = {"SIMPLE": True} if extension is None else {"XTENSION": "IMAGE"}
    named: dict[str, Value] = {} if extension is None else {"PCOUNT": 0, "GCOUNT": 1, "EXTNAME": extension}
    lines = [_card(key, value) for key, value in {**first, **shape, **named, **(cards or {})}.items()]
    header = "".join([*lines, "END".ljust(80)]).encode("ascii")
    data = image.astype(image.dtype.newbyteorder(">")).tobytes()
    return header.ljust(-(-len(header) // BLOCK) * BLOCK) + data.ljust(-(-len(data) // BLOCK) * BLOCK, b"\0")
