from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from models.median import median


@given(
    arrays.arrays(
        st.sampled_from([np.float32, np.float64]),
        arrays.array_shapes(max_dims=2, max_side=7),
        elements=st.one_of(st.floats(-1e6, 1e6, width=32), st.just(math.nan)),
    )
)
def test_it_is_numpys(values: Any) -> None:
    if np.isnan(values).all():
        assert math.isnan(median(values))
    else:
        assert median(values) == pytest.approx(float(np.nanmedian(values)), rel=1e-6)


def test_there_is_none_of_nothing() -> None:
    assert math.isnan(median(np.empty(0, np.float32)))
