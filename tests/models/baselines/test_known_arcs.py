from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import norm

from models.baselines.known_arcs import told_among, told_by_arcs


def _arcs(snr: float, count: int) -> np.ndarray:
    shapes = np.eye(64, dtype=np.float32)[:count]
    return (snr * shapes).reshape(count, 1, 8, 8)


def test_known_arcs_are_told_by_their_signal_to_noise_ratio() -> None:
    assert told_by_arcs(_arcs(2.0, 5)) == pytest.approx(norm.cdf(np.sqrt(2.0)))
    assert told_by_arcs(np.zeros((3, 1, 4, 4), np.float32)) == pytest.approx(0.5)


@pytest.mark.parametrize("count", [1, 40])
def test_one_of_many_arcs_is_harder_to_tell_than_a_known_one(count: int) -> None:
    arcs, rng = _arcs(2.0, count), np.random.default_rng(1)
    parts = [told_among(arcs, rng, count) for _ in range(2000 // count)]
    lenses, none = (np.concatenate(each) for each in zip(*parts, strict=True))
    area = (lenses[:, None] > none).mean()
    known = told_by_arcs(arcs)
    assert area == pytest.approx(known, abs=0.02) if count == 1 else 0.55 < area < known - 0.1
    # A likelihood ratio is 1 on the mean where there is nothing.
    assert np.exp(none).mean() == pytest.approx(1.0, rel=0.5)
