from __future__ import annotations

from consumers.bench.report import _shares


def test_a_network_behind_the_router_has_its_share_without_it_beside() -> None:
    shares = {"backbone": 1.0, "streak": 0.031, "router.streak": 0.97, "lens": 0.0}
    assert list(_shares(shares)) == ["backbone 100.0%", "streak 3.1% (without the router 97.0%)", "lens 0.0%"]
