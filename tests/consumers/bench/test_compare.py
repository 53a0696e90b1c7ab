"""The regression gate."""

from __future__ import annotations

from pathlib import Path

import pytest

from consumers.bench.compare import compare, read_figures, regressions
from schemas.errors import ConfigurationError

OLD = {"stages": {}, "over_naive": 10.0, "cpu_s_per_alert": 0.004, "latency_s": {"p99": 1.0}, "peak_rss_mb": None}


@pytest.mark.parametrize(
    ("change", "worse"),
    [
        ({"over_naive": 5.0}, "over_naive"),
        ({"cpu_s_per_alert": 0.008}, "cpu_s_per_alert"),
        ({"latency_s": {"p99": 2.0}}, "latency_s.p99"),
    ],
)
def test_what_became_twice_as_bad_is_told(change: dict[str, object], worse: str) -> None:
    (found,) = regressions(compare(OLD, OLD | change))
    assert (found.name, found.worse) == (worse, 2.0)


def test_what_became_better_or_a_little_worse_passes() -> None:
    ratios = compare(OLD, OLD | {"over_naive": 20.0, "cpu_s_per_alert": 0.0049})
    assert {ratio.name: ratio.worse for ratio in ratios}["over_naive"] == 0.5
    assert regressions(ratios) == []
    assert len(regressions(ratios, bound=1.1)) == 1


def test_what_one_run_has_not_measured_is_not_compared() -> None:
    assert {ratio.name for ratio in compare(OLD, OLD | {"latency_s": None, "peak_rss_mb": 700.0})} == {
        "over_naive",
        "cpu_s_per_alert",
    }


@pytest.mark.parametrize("text", ["", "{", "[]", '{"other": 1}'])
def test_a_file_without_figures_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "old.json").write_text(text)
    with pytest.raises(ConfigurationError, match=r"old\.json"):
        read_figures(tmp_path / "old.json")
