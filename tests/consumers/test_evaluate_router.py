from __future__ import annotations

import numpy as np
import pytest

from consumers.evaluate_router.mix import _figures


def test_misses_purity_and_passed_share_of_a_mix_of_one_to_nine() -> None:
    # Of 100 streaks one is below the threshold; of the rest, one impostor in ten passes and nothing ordinary.
    positives = {
        "streak": np.r_[0.01, np.full(99, 0.9)][:, None],
        "lens": np.zeros((100, 2)),
        "merger": np.zeros((100, 2)),
    }
    ordinary = {"difference": np.zeros((500, 1)), "host": np.zeros((500, 2))}
    impostors = {"difference": np.r_[np.full(100, 0.9), np.zeros(900)][:, None], "host": np.zeros((500, 2))}
    found = _figures("streak", 0.5, positives, ordinary, impostors)
    assert (found.missed.value, found.missed.n) == (0.01, 100)
    assert (found.ordinary.value, found.impostors.value) == (0.0, 0.1)
    assert found.purity.value == pytest.approx(0.099 / (0.099 + 0.035))
    assert found.purity.low < found.purity.value < found.purity.high
    assert found.passed.value == pytest.approx(0.099 + 0.035)
