from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from models.looks import looked_at, turned


def corner(windows: NDArray[np.float32]) -> NDArray[np.float32]:
    """A network that knows one corner only, and a second output that must stay the first look's."""
    return np.stack([windows[:, 0, 0, 0], windows[:, -1, -1, 0]], axis=1)


def test_eight_turns_are_eight_images_and_the_first_is_the_image_itself() -> None:
    image = np.arange(18.0).reshape(1, 3, 3, 2)
    ways = [turned(image, turn) for turn in range(8)]
    assert np.array_equal(ways[0], image)
    assert len({way.tobytes() for way in ways}) == 8


def test_log_odds_are_averaged_over_the_looks_where_there_is_doubt_and_only_there() -> None:
    windows = np.zeros((3, 2, 2, 1), np.float32)
    windows[:, 0, 0], windows[:, 1, 1] = [[-5.0], [1.0], [3.0]], [[8.0], [8.0], [-7.0]]
    found = looked_at(windows, corner, ((8, 0.5),))
    # Each corner is the first in two of the eight ways.
    assert found[:, 0] == pytest.approx([-5.0, 9.0 / 4.0, -1.0])
    assert found[:, 1] == pytest.approx([8.0, 8.0, -7.0])


def test_what_two_looks_settle_gets_no_third() -> None:
    windows = np.zeros((1, 2, 2, 1), np.float32)
    windows[0, 0, 0], windows[0, 1, 0] = 1.0, -3.0
    asked: list[int] = []

    def counted(images: NDArray[np.float32]) -> NDArray[np.float32]:
        asked.append(len(images))
        return corner(images)

    assert looked_at(windows, counted, ((2, 0.5), (8, 0.5)))[0, 0] == pytest.approx(-1.0)
    assert asked == [1, 1]
