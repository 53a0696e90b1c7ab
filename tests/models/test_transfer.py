from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
import pytest
from PIL import Image

from models.train.transfer import Start, Task, curve, draw_curve, mean, table

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    Numbers = NDArray[np.float64]


def task() -> Task[Numbers, float]:
    """Learn the mean of a normal distribution, 0.8: from a neighbour's, 0.7, or from nothing."""

    def make(count: int, seed: int) -> Numbers:
        return np.random.default_rng([count, seed]).normal(0.8, 0.5, count)

    def fit(known: float, stamps: Numbers, seed: int) -> float:
        return float((100 * known + stamps.sum()) / (100 + len(stamps)))

    return Task(
        make, Start(lambda seed: 0.7, fit), Start(lambda seed: 0.0, fit), lambda network: 1.0 - abs(network - 0.8)
    )


def test_what_transfers_is_ahead_until_there_are_many_stamps() -> None:
    none, few, many = curve(task(), (30, 10_000))
    assert none.transferred.value == pytest.approx(0.9)
    assert few.transferred.value > few.scratch.value + 0.3
    assert many.transferred.value == pytest.approx(many.scratch.value, abs=0.05)
    assert few.transferred.low < few.transferred.value < few.transferred.high


def test_one_repetition_tells_no_interval() -> None:
    assert mean([0.5]).high == math.inf
    assert mean([0.4, 0.5, 0.6]).low == pytest.approx(0.5 - 4.303 * 0.1 / math.sqrt(3), abs=1e-3)


def test_the_curve_is_printed_and_drawn(tmp_path: Path) -> None:
    rows = list(curve(task(), (30, 300, 3000)))
    lines = table(rows)
    assert len(lines) == 2 + 4
    assert lines[2].startswith("| 0 | 0.9")
    assert lines[-1].startswith("| 3,000 | ")
    draw_curve(rows, "closeness", tmp_path / "curve.png")
    picture = np.asarray(Image.open(tmp_path / "curve.png"))
    for colour in ((0, 90, 181), (220, 50, 32)):
        assert (picture == colour).all(axis=2).sum() > 100
