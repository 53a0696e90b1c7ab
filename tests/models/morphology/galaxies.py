"""Painted galaxies for tests of morphology."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.floating]

SIDE, MIDDLE = 97, 48
ROWS, COLUMNS = np.indices((SIDE, SIDE)) - MIDDLE
NOISE = np.random.default_rng(0).normal(size=(SIDE, SIDE))


def disc(row: float = 0.0, column: float = 0.0, length: float = 5.0, peak: float = 300.0) -> Floats:
    """Paint an exponential disc, by its place from the middle."""
    return peak * np.exp(-np.hypot(ROWS - row, COLUMNS - column) / length)


def tail() -> Floats:
    """Paint a faint tail that leaves the middle on one side."""
    return 8.0 * np.exp(-0.5 * ((ROWS - 0.01 * COLUMNS**2) / 3.0) ** 2) * ((COLUMNS > 0) & (COLUMNS < 45))


def eight_bits(light: Floats) -> NDArray[np.float32]:
    """Stretch by asinh, and round to whole numbers; what is below the sky's mean is black."""
    shown = np.arcsinh(np.clip(light, 0.0, None) / 4.0)
    return np.rint(255.0 * shown / shown.max()).astype(np.float32)
