from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from models.simulate.streaks.trail import Segment, matched_snr, trail


def stamp(segment: Segment, snr: float, seed: int = 1, shape: tuple[int, int] = (64, 64)) -> NDArray[np.float32]:
    source = trail(shape, segment, 3.0)
    noise = np.random.default_rng(seed).standard_normal(shape, dtype=np.float32)
    return np.asarray(noise + np.float32(snr / matched_snr(source)) * source)
