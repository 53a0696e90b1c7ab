from __future__ import annotations

import pytest

from models.merger_domain import reason_to_abstain


@pytest.mark.parametrize("arguments", [(1.01, 2.0, 63.0), (0.2, 0.8, 18.0), (0.1, 0.18, 6.4), (None, None, None)])
def test_surveys_that_show_tides_are_judged(arguments: tuple[float | None, ...]) -> None:
    assert reason_to_abstain(*arguments) is None


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        ((0.2, 0.8, 6.0), "smaller than 32 px"),
        ((0.2, 0.8, 7.0), "no room"),
        ((2.5, 3.0, 160.0), "too coarse"),
        ((0.01, 0.05, 20.0), "too fine"),
        ((1.01, 4.5, 63.0), "seeing"),
        ((1.01, 2.0, 20.0), "smaller than 32 px"),
        ((None, 2.0, 20.0), "no room"),
    ],
)
def test_elsewhere_a_reason_is_given(arguments: tuple[float | None, float, float], reason: str) -> None:
    assert reason in str(reason_to_abstain(*arguments))
