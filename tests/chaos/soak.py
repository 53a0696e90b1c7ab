"""A survey's full rate for a while, without a fault: nothing grows, and nobody has to be started again."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.chaos.stage import Stage

#: Of Rubin's ten million alerts a night [1/s].
FULL_RATE = 300.0
#: Between two looks [s]; by the first, the workers have what they need.
LOOK_S = 10.0


@dataclass(frozen=True)
class Soaked:
    """What was seen."""

    seconds: float
    records: int
    restarts: int
    #: Of the larger worker [MB], at the first look and the last.
    memory: tuple[float, float]
    #: Longest time until all that was published at a look was committed [s].
    behind: float

    def line(self) -> str:
        first, last = self.memory
        return (
            f"soak: {self.records} records in {self.seconds:.0f} s, at most {self.behind:.1f} s behind; memory of a "
            f"worker {first:.0f} MB, at the end {last:.0f} MB; {self.restarts} restarts"
        )


def soak(stage: Stage, seconds: float, rate: float) -> Soaked:
    """Let everything run at a rate."""
    stage.watch()
    published, starts, begun = stage.survey.published, _starts(stage), time.monotonic()
    stage.survey.rate = rate
    memory: list[float] = []
    behind = 0.0
    while time.monotonic() - begun < seconds:
        time.sleep(LOOK_S)
        looked, ends = time.monotonic(), stage.ends()
        stage.wait(lambda: stage.committed_to(ends))  # noqa: B023  it is waited for here
        behind = max(behind, time.monotonic() - looked)
        memory.append(max(_memory(worker.pid) for worker in stage.workers))
    return Soaked(
        time.monotonic() - begun,
        stage.survey.published - published,
        _starts(stage) - starts,
        (memory[0], memory[-1]),
        behind,
    )


def _starts(stage: Stage) -> int:
    return sum(worker.starts for worker in stage.workers)


def _memory(pid: int) -> float:
    """Resident [MB]."""
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * 4096 / 1e6
