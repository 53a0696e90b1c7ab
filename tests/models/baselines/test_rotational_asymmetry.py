from __future__ import annotations

import numpy as np

from models.baselines.rotational_asymmetry import rotational_asymmetry


def blob(x: float, y: float, bright: float, width: float) -> np.ndarray:
    rows, columns = np.mgrid[:80, :80]
    return bright * np.exp(-0.5 * ((columns - x) ** 2 + (rows - y) ** 2) / width**2)


def test_a_round_galaxy_is_symmetric_wherever_its_centre_falls_and_a_torn_one_is_not() -> None:
    noise = np.random.default_rng(2).standard_normal((3, 80, 80))
    whole = blob(39.5, 39.5, 100, 6), blob(41.3, 38.2, 100, 6)
    torn = whole[0] + blob(52, 44, 30, 5)
    found = rotational_asymmetry([(one + n).astype(np.float32) for one, n in zip((*whole, torn), noise, strict=True)])
    assert np.abs(found[:2]).max() < 0.12
    assert found[2] > 0.15


def test_noise_alone_adds_nothing() -> None:
    found = rotational_asymmetry(
        [
            (blob(40, 40, bright, 6) + np.random.default_rng(seed).standard_normal((80, 80))).astype(np.float32)
            for seed in range(8)
            for bright in (8.0, 400.0)
        ]
    )
    assert abs(np.median(found[::2])) < 0.15
    assert abs(np.median(found[1::2])) < 0.05


def test_without_contrast_there_is_none() -> None:
    assert rotational_asymmetry([np.zeros((50, 50), np.float32)]).tolist() == [0.0]
