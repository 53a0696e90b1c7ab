from __future__ import annotations

import numpy as np
import pytest

from broker.rules.cavuoti2024 import judge_all
from broker.stack_offset import MIN_EPOCHS, StackOffset, measure, offset

DIMENSIONS, EPOCHS = 100, 54


def made_up(b: float, seed: int, epochs: int = EPOCHS) -> tuple[np.ndarray, np.ndarray]:
    """Epochs of unit scatter in each dimension, and a stack b sqrt(D) from their centre."""
    random = np.random.default_rng(seed)
    direction = random.normal(size=DIMENSIONS)
    stack = 7.0 + b * np.sqrt(DIMENSIONS) * direction / np.linalg.norm(direction)
    return (7.0 + random.normal(size=(epochs, DIMENSIONS))).astype(np.float32), stack.astype(np.float32)


@pytest.mark.parametrize("b", [0.0, 0.8, 1.2, 2.0])
def test_b_is_the_one_put_in(b: float) -> None:
    measured = [offset(*made_up(b, seed)) for seed in range(8)]
    assert np.mean(measured) == pytest.approx(
        np.hypot(b, EPOCHS**-0.5), rel=0.03
    )  # the centre is known to sigma/sqrt(n)


@pytest.mark.parametrize(("b", "knife_edge"), [(0.5, True), (1.0, True), (2.0, False)])
def test_the_warning_comes_where_the_published_rule_flags_good_epochs(b: float, knife_edge: bool) -> None:
    sample = [made_up(b, seed) for seed in range(8)]
    measured = measure(sample)
    assert measured is not None
    assert measured.knife_edge is knife_edge
    assert ("choose another" in str(measured)) is knife_edge
    lost = np.mean([verdict.problematic for science, stack in sample for verdict in judge_all(science, stack)])
    assert lost > 0.25 if knife_edge else lost < 0.01


def test_neither_place_nor_scale_of_feature_space_matters() -> None:
    science, stack = made_up(1.3, 0)
    assert offset(4.0 * science - 3.0, 4.0 * stack - 3.0) == pytest.approx(offset(science, stack), rel=1e-4)


def test_objects_with_few_epochs_say_nothing() -> None:
    few, enough = made_up(2.0, 0, MIN_EPOCHS - 1), made_up(2.0, 1, MIN_EPOCHS)
    assert measure([few]) is None
    assert measure([few, enough]) == StackOffset(offset(*enough), 1, MIN_EPOCHS)


def test_epochs_that_do_not_scatter_have_their_stack_infinitely_far() -> None:
    assert offset(np.ones((4, 3), np.float32), np.zeros(3, np.float32)) == np.inf
