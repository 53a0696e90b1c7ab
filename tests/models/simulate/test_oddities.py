from __future__ import annotations

import numpy as np

from models.simulate.oddities import PEAKS, odd_damage, odd_light


def test_odd_light_has_a_peak_of_the_prior_and_is_never_the_same() -> None:
    drawn = [odd_light(63, 31.0, 31.0, 2.0, np.random.default_rng(seed)) for seed in range(40)]
    for light in drawn:
        assert light.shape == (63, 63)
        assert (light >= -1e-9).all()
        assert PEAKS[0] - 1e-6 <= light.max() <= PEAKS[1] + 1e-6
    assert len({light.tobytes() for light in drawn}) == len(drawn)
    np.testing.assert_array_equal(drawn[0], odd_light(63, 31.0, 31.0, 2.0, np.random.default_rng(0)))


def test_odd_damage_changes_an_image_and_leaves_the_one_given() -> None:
    given = np.random.default_rng(0).normal(size=(30, 30))
    kept = given.copy()
    for seed in range(20):
        spoilt = odd_damage(given, np.random.default_rng(seed))
        assert spoilt.shape == given.shape
        assert np.isfinite(spoilt).all()
        assert (spoilt != given).any()
    np.testing.assert_array_equal(given, kept)
