"""What was used over the middle of a burst."""

from __future__ import annotations

import pytest

from consumers.bench.meter import Meter
from consumers.bench.process_use import ProcessUse


def metered(*looks: tuple[int, float, float]) -> Meter:
    """Alerts, seconds of each of two workers, and memory at each look; the broker takes half as long as they do."""
    now = iter(looks)
    used = [ProcessUse(0.0, 0.0, 0.0)]

    def workers() -> list[ProcessUse]:
        return [used[-1], ProcessUse(used[-1].cpu_s, 0.0, 1.0)]

    meter = Meter(workers, lambda: ProcessUse(used[-1].cpu_s, 0.0, 0.0))
    for alerts, cpu_s, private_mb in now:
        used.append(ProcessUse(cpu_s, 0.0, private_mb))
        meter.read(alerts)
    return meter


def test_starting_and_ending_do_not_count() -> None:
    meter = metered((0, 7.0, 5), (100, 10.0, 5), (500, 14.0, 5), (900, 18.0, 5), (1000, 30.0, 5))
    assert meter.cpu_s_per_alert(1000) == pytest.approx((0.02, 0.01))


def test_a_burst_between_two_looks_counts_as_a_whole() -> None:
    assert metered((0, 1.0, 5), (20, 3.0, 5)).cpu_s_per_alert(20) == pytest.approx((0.2, 0.1))


def test_memory_is_the_largest_workers_at_the_first_look_at_so_many_alerts() -> None:
    meter = metered((0, 0.0, 100.0), (12_000, 1.0, 500.0), (30_000, 2.0, 510.0))
    assert [meter.at(count).private_mb for count in (0, 10_000, 99_000)] == [100.0, 500.0, 510.0]
