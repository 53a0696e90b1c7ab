from __future__ import annotations

import numpy as np
import pytest

from models.batched import Batched


@pytest.fixture(scope="module")
def halves() -> Batched:
    from tf_keras import Sequential, layers

    return Batched(Sequential([layers.Input((3,)), layers.Rescaling(0.5)]), 16)


def test_any_number_of_inputs_takes_one_trace_a_shape(halves: Batched) -> None:
    inputs = np.random.default_rng(0).standard_normal((50, 3)).astype(np.float32)
    for count in (0, 1, 2, 3, 8, 9, 15, 16, 17, 33, 50):
        np.testing.assert_array_equal(halves(inputs[:count]), inputs[:count] / 2)
    assert halves.traces == 2


@pytest.mark.parametrize(
    ("count", "passes"),
    [(0, []), (1, [2]), (8, [2] * 4), (12, [2] * 6), (13, [16]), (16, [16]), (19, [16, 2, 2]), (30, [16, 16])],
)
def test_few_inputs_are_not_padded_to_a_large_pass(halves: Batched, count: int, passes: list[int]) -> None:
    assert [size for _, size in halves._passes(count)] == passes
