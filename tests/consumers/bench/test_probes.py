"""Time by part: what a part calls is not its own, and nothing stays wrapped."""

from __future__ import annotations

import json
import time

import pytest

from consumers.bench.probes import Times, watched


def _burn(seconds: float) -> None:
    until = time.process_time() + seconds
    while time.process_time() < until:
        pass


def test_a_parts_time_is_its_own() -> None:
    times = Times()
    started = time.process_time()
    with times.part("outer"):
        _burn(0.02)
        with times.part("inner"):
            _burn(0.05)
    whole = time.process_time() - started
    assert times.cpu_s["inner"] >= 0.05
    assert 0.02 <= times.cpu_s["outer"] <= whole - 0.05
    assert sum(times.cpu_s.values()) == pytest.approx(whole, abs=0.01)


def test_functions_are_watched_while_the_block_runs_and_calls_can_be_made_again() -> None:
    original = json.dumps
    with watched({"writing": ["json:dumps"]}, keep="writing") as times:
        assert json.dumps([1]) == "[1]"
    assert json.dumps is original
    assert times.cpu_s.keys() == {"writing"}
    assert [call() for call in times.calls] == ["[1]"]
