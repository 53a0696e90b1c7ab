from __future__ import annotations

from collections import Counter

import numpy as np

from models.train.epoch_pairs import OPTICAL, PAINTED, DrawnEpoch, draw_epoch


def drawn(count: int, seed: int = 3) -> list[DrawnEpoch]:
    return [draw_epoch(np.random.default_rng([seed, number])) for number in range(count)]


def test_half_are_faulty_of_every_kind_and_the_same_again() -> None:
    epochs = drawn(1500)
    kinds = Counter(one.fault for one in epochs)
    assert 0.4 < 1 - kinds[None] / len(epochs) < 0.55
    assert set(kinds) - {None} == {*OPTICAL, *PAINTED}
    again = drawn(20)
    for one, same in zip(epochs, again, strict=False):
        np.testing.assert_array_equal(one.pair.science, same.pair.science)


def test_a_good_image_has_no_strength_of_fault_and_a_faulty_one_has() -> None:
    epochs = drawn(600)
    assert {one.fault_snr for one in epochs if one.fault is None} == {0.0}
    strengths = [one.fault_snr for one in epochs if one.fault is not None]
    assert np.isfinite(strengths).all()
    assert np.mean(np.array(strengths) > 7.0) > 0.5


def test_pixels_declared_lost_make_no_fault_by_themselves() -> None:
    lost = [one for one in drawn(600) if np.isnan(one.pair.science).any()]
    assert 0.3 < np.mean([one.fault is None for one in lost]) < 0.9
