from __future__ import annotations

import numpy as np

from models.simulate.pictures import KINDS, NORMAL, draw_survey


def test_a_survey_has_all_kinds_and_one_size_of_eight_bits_and_is_repeatable() -> None:
    pictures, kinds = draw_survey(1, 0, normal=3, odd=1)
    assert kinds.tolist() == [NORMAL] * 3 + [one for one in KINDS if one != NORMAL]
    assert len({one.shape for one in pictures}) == 1
    for one in pictures:
        assert one.shape[0] == 3
        assert one.min() >= 0
        assert one.max() <= 255
        np.testing.assert_array_equal(one, np.rint(one))
    again, _ = draw_survey(1, 0, normal=3, odd=1)
    np.testing.assert_array_equal(np.stack(pictures), np.stack(again))
    others, _ = draw_survey(1, 1, normal=3, odd=1)
    assert others[0].tobytes() != pictures[0].tobytes()
