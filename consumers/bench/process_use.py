"""What another process used so far, as Linux tells it."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path

#: Fields of ``/proc/PID/stat`` behind the name, which may hold spaces: user and system time [ticks].
_USER, _SYSTEM = 11, 12


@dataclass(frozen=True, slots=True)
class ProcessUse:
    """Use of the processor and of memory.

    Attributes
    ----------
    cpu_s : float
        Of all its threads, since it began.
    peak_rss_mb : float
        Most memory that it ever had.
    private_mb : float
        What it has now and shares with no file and no other process.
    """

    cpu_s: float
    peak_rss_mb: float
    private_mb: float


def process_use(pid: int, proc: Path = Path("/proc")) -> ProcessUse:
    """Return what a process used.

    Raises
    ------
    OSError
        There is no such process, or no ``/proc``.
    """
    times = (proc / str(pid) / "stat").read_text().rpartition(")")[2].split()
    status = dict(re.findall(r"^(\w+):\s+(\d+) kB$", (proc / str(pid) / "status").read_text(), re.MULTILINE))
    ticks = int(times[_USER]) + int(times[_SYSTEM])
    return ProcessUse(
        ticks / os.sysconf("SC_CLK_TCK"), int(status.get("VmHWM", 0)) / 1024, int(status.get("RssAnon", 0)) / 1024
    )
