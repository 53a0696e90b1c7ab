from __future__ import annotations

import pytest

from models.streak_domain import reason_to_abstain


@pytest.mark.parametrize(
    ("pixel_scale", "exposure", "side", "reason"),
    [
        (1.01, 30.0, 63, None),
        (0.2, 30.0, 31, None),
        (0.1, 566.0, 64, None),
        (None, None, 64, None),
        (1.01, 5.0, 63, "exposure too short for a trail"),
        (21.0, 1800.0, 64, "pixel scale too coarse"),
        (0.01, 30.0, 64, "pixel scale too fine"),
        (1.01, 30.0, 15, "stamp smaller than 24 px"),
    ],
)
def test_where_no_streak_can_be_seen_there_is_a_reason(
    pixel_scale: float | None, exposure: float | None, side: int, reason: str | None
) -> None:
    assert reason_to_abstain(pixel_scale, exposure, side) == reason
