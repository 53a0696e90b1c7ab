"""How objects change: flux against time, relative to the reference."""

from __future__ import annotations

import numpy as np

from models.simulate.worlds.observed import Floats


def supernova(mjd: Floats, peak: float, rng: np.random.Generator) -> Floats:
    """Rise as t^2 in 10 to 15 days to 1 at the peak, and fall exponentially in 30 to 60."""
    rise, fall = rng.uniform(10, 15), rng.uniform(30, 60)
    t = np.asarray(mjd) - peak
    return np.where(t < 0, np.clip(1 + t / rise, 0, None) ** 2, np.exp(-np.clip(t, 0, None) / fall))


def agn(mjd: Floats, rng: np.random.Generator) -> Floats:
    """Walk at random, damped in 30 to 300 days (Kelly+ 2009), within 1 mag of the mean: relative change of flux."""
    damping, scatter = 10 ** rng.uniform(1.5, 2.5), rng.uniform(0.25, 0.6)
    magnitude = np.empty(len(mjd))
    magnitude[0] = rng.normal(0, scatter)
    for i, gap in enumerate(np.diff(mjd), start=1):
        memory = np.exp(-gap / damping)
        magnitude[i] = magnitude[i - 1] * memory + rng.normal(0, scatter * np.sqrt(1 - memory**2))
    return np.asarray(10 ** (-0.4 * np.clip(magnitude, -1, 1)) - 1)


def variable_star(mjd: Floats, rng: np.random.Generator) -> Floats:
    """Pulsate between -1 and 1 with a period of 0.3 to 300 days, rising faster than falling."""
    period, phase = 10 ** rng.uniform(-0.5, 2.5), rng.uniform(0, 1)
    turn = 2 * np.pi * ((np.asarray(mjd) / period + phase) % 1)
    return np.asarray(np.sin(turn + 0.4 * np.sin(turn)))
