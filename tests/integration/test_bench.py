"""``sosia bench``, on a small load through a real Kafka."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from consumers.cli import main


def test_the_whole_system_is_measured(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("SOSIA_WORKER__BATCH_SIZE", "4")
    picture, old = tmp_path / "bench.png", tmp_path / "old.json"
    old.write_text(json.dumps({"stages": {}, "cpu_s_per_alert": 1e-9}))
    sizes = ["--alerts", "24", "--rate", "8", "--seconds", "2", "--workers", "1"]
    assert main(["bench", "--json", "--out", str(picture), "--compare", str(old), *sizes]) == 1
    out, told = capsys.readouterr()
    assert "cpu_s_per_alert" in told
    found = json.loads(out)
    for name in ("alerts_per_s", "naive_alerts_per_s", "limit_alerts_per_s", "cpu_s_per_alert", "peak_rss_mb"):
        assert found[name] > 0
    assert 0 < found["latency_s"]["p50"] <= found["latency_s"]["p95"] <= found["latency_s"]["p99"]
    assert sum(stage["cpu_s_per_alert"] for stage in found["stages"].values()) > 0
    assert (found["dead"], found["repeated"], found["reference_cache_hits"]) == (0, 0, 0)
    assert found["networks"]["epoch"] > 0.5
    assert found["judged_by_history"] > 0.5
    assert picture.read_bytes().startswith(b"\x89PNG")
