from __future__ import annotations

from consumers.bench.page import measure


def test_the_page_is_measured_while_scores_come_in() -> None:
    figures = measure(alerts=200, rate=200.0, filters=20)
    assert set(figures) == {"p50_ms", "p95_ms", "max_ms", "scores_per_s"}
    assert 0 < figures["p50_ms"] <= figures["p95_ms"] <= figures["max_ms"]
    assert figures["scores_per_s"] > 0
