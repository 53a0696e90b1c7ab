"""Which epochs of an object are worth an entry."""

from __future__ import annotations

import numpy as np

from broker.novelty.near_duplicates import MOST_EPOCHS, new_epochs


def test_an_epoch_near_one_chosen_before_says_nothing_new() -> None:
    places = np.array([[0.0], [0.4], [5.0], [1.1], [0.9], [5.0]], np.float32)
    chosen = new_epochs(["a", "a", "b", "a", "a", "c"], lambda rows: places[rows], 1.0)
    assert chosen.tolist() == [0, 2, 3, 5]


def test_an_id_that_stands_for_everything_fills_no_index() -> None:
    asked: list[int] = []

    def features(rows: np.ndarray) -> np.ndarray:
        asked.append(len(rows))
        return rows[:, None].astype(np.float32)

    chosen = new_epochs(["all"] * 100_000, features, 1.0)
    assert chosen.tolist() == list(range(MOST_EPOCHS))
    assert max(asked) < 10_000
