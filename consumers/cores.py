"""How many cores this process was granted, and every library's threads set to that.

A container's grant is a share of the processor's time, which `os.cpu_count` does not know: TensorFlow would start a
thread for each of the host's cores, and be stopped for most of each tenth of a second.
"""

from __future__ import annotations

import math
import os
from pathlib import Path

#: Read by OpenMP, OpenBLAS and MKL when they are loaded.
_LINEAR_ALGEBRA = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
CGROUPS = Path("/sys/fs/cgroup")
OWN_CGROUP = Path("/proc/self/cgroup")


def granted_cores(cgroups: Path = CGROUPS, own: Path = OWN_CGROUP) -> int:
    """Return the cores that this process may use: those it is pinned to, or fewer where its cgroup has a quota.

    Parameters
    ----------
    cgroups : Path, optional
        Where control groups are mounted, of version 1 or 2.
    own : Path, optional
        The list of this process's groups.
    """
    pinned = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(1, min([pinned, *map(math.ceil, _quotas(cgroups, own))]))


def share_of_cores(processes: int) -> int:
    """Return the threads that each of several processes on this machine should take: its share of the cores.

    What comes between the networks' passes runs on one thread, so that one worker keeps one or two cores busy, and
    threads of several that are as many as the cores are in each other's way: four workers of one thread do half as much
    again on four cores as two of four.
    """
    return max(granted_cores() // processes, 1)


def limit_threads(cores: int | None = None) -> None:
    """Tell the libraries how many threads to use, before they are loaded; what the user has set stays.

    A worker's linear algebra is small, and runs beside TensorFlow's own threads: one thread is the fastest. Searches
    in the novelty index take one thread by themselves, and librdkafka one a broker, which mostly waits.

    Parameters
    ----------
    cores : int, optional
        For TensorFlow; by default those granted.
    """
    for variable in _LINEAR_ALGEBRA:
        os.environ.setdefault(variable, "1")
    os.environ.setdefault("TF_NUM_INTRAOP_THREADS", str(granted_cores() if cores is None else cores))
    os.environ.setdefault("TF_NUM_INTEROP_THREADS", "1")


def _quotas(cgroups: Path, own: Path) -> list[float]:
    """Return the quotas of all groups that this process is in, from its own to the root [cores]."""
    found = []
    for line in _text(own).splitlines():
        _, controllers, path = line.split(":", 2)
        if controllers and "cpu" not in controllers.split(","):
            continue
        root = cgroups / "cpu" if controllers else cgroups
        group = root / path.lstrip("/")
        for folder in (group, *group.parents):
            if not folder.is_relative_to(root):
                break
            quota, period = _quota(folder)
            if quota > 0 and period > 0:
                found.append(quota / period)
    return found


def _quota(group: Path) -> tuple[float, float]:
    """Return a group's microseconds of CPU and in which time it may use them; 0 where it has no limit."""
    together = _text(group / "cpu.max").split()
    apart = [_text(group / f"cpu.cfs_{name}_us").strip() for name in ("quota", "period")]
    quota, period = together if len(together) == 2 else apart
    try:
        return float(quota), float(period)
    except ValueError:  # "max", or no such file
        return 0.0, 0.0


def _text(file: Path) -> str:
    try:
        return file.read_text()
    except OSError:
        return ""
