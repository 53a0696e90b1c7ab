from __future__ import annotations

import numpy as np

from models.simulate.pictures import SIDE, draw_picture


def test_pictures_are_whole_grey_or_in_colour_and_repeatable() -> None:
    for odd in (False, True):
        drawn = [draw_picture(np.random.default_rng([odd, seed]), odd=odd) for seed in range(25)]
        assert {one.shape for one in drawn} == {(1, SIDE, SIDE), (3, SIDE, SIDE)}
        assert all(np.isfinite(one).all() for one in drawn)
        assert len({one.tobytes() for one in drawn}) == len(drawn)
        np.testing.assert_array_equal(drawn[0], draw_picture(np.random.default_rng([odd, 0]), odd=odd))
