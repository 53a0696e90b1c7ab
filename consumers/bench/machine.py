"""What the figures were measured on."""

from __future__ import annotations

import os
import platform
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path

from consumers.cores import granted_cores


@dataclass(frozen=True, slots=True)
class Machine:
    """A machine, and when.

    Attributes
    ----------
    processor : str
    cores : int
        Granted to this process.
    memory_gb : float
    busy : float
        Processes that wanted to run over the last minute, before anything was measured.
    python, tensorflow, sosia : str
        Versions.
    time : str
        ISO 8601, in UTC.
    """

    processor: str
    cores: int
    memory_gb: float
    busy: float
    python: str
    tensorflow: str
    sosia: str
    time: str


def machine() -> Machine:
    """Describe this machine, now."""
    return Machine(
        _processor(),
        granted_cores(),
        os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9,
        os.getloadavg()[0],
        platform.python_version(),
        metadata.version("tensorflow"),
        metadata.version("sosia-broker"),
        datetime.now(UTC).isoformat(timespec="seconds"),
    )


def _processor() -> str:
    """Name the processor; Python itself only tells its family."""
    try:
        found = re.search(r"^model name\s*: (.+)$", Path("/proc/cpuinfo").read_text(encoding="utf-8"), re.MULTILINE)
    except OSError:
        found = None
    return found[1] if found else platform.processor() or platform.machine()
