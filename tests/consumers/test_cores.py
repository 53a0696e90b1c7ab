"""The cores that a container grants."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from consumers.cores import granted_cores, share_of_cores

PINNED = len(os.sched_getaffinity(0))


def _write(file: Path, text: str) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)


@pytest.mark.parametrize(("quota", "cores"), [("100000 100000", 1), ("50000 100000", 1), ("max 100000", PINNED)])
def test_a_quota_of_the_own_group_counts(tmp_path: Path, quota: str, cores: int) -> None:
    _write(tmp_path / "cgroup", "0::/pod/worker\n")
    _write(tmp_path / "fs/pod/worker/cpu.max", f"{quota}\n")
    assert granted_cores(tmp_path / "fs", tmp_path / "cgroup") == cores


def test_a_quota_of_a_group_around_counts_too(tmp_path: Path) -> None:
    _write(tmp_path / "cgroup", "0::/pod/worker\n")
    _write(tmp_path / "fs/pod/worker/cpu.max", "max 100000\n")
    _write(tmp_path / "fs/pod/cpu.max", "90000 100000\n")
    assert granted_cores(tmp_path / "fs", tmp_path / "cgroup") == 1


def test_version_1_is_read(tmp_path: Path) -> None:
    _write(tmp_path / "cgroup", "5:memory:/x\n4:cpu,cpuacct:/docker\n")
    _write(tmp_path / "fs/cpu/docker/cpu.cfs_quota_us", "100000\n")
    _write(tmp_path / "fs/cpu/docker/cpu.cfs_period_us", "100000\n")
    assert granted_cores(tmp_path / "fs", tmp_path / "cgroup") == 1


def test_without_groups_all_cores_are_granted(tmp_path: Path) -> None:
    assert granted_cores(tmp_path / "fs", tmp_path / "cgroup") == PINNED


@pytest.mark.parametrize(("processes", "share"), [(1, PINNED), (PINNED, 1), (2 * PINNED, 1)])
def test_processes_share_the_cores_and_each_has_one(processes: int, share: int) -> None:
    assert share_of_cores(processes) == share
