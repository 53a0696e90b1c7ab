"""``make chaos``: faults of all kinds, one after the other and at random moments, under a stream that never pauses.

After each fault the time is taken until all that was published before it ended is committed, and open to subscribers.
Workers are killed while a transaction of theirs is open, so that there is something to lose and to double. At the end
a reader of committed records and the ledger's audit tell whether any record is missing, or came out twice::

    python -m tests.chaos.run --faults 100 --seed 1
    python -m tests.chaos.run --faults 20 --kinds "worker killed,node killed"
    python -m tests.chaos.run --faults 0 --soak 600        # no faults, ten minutes at a survey's full rate
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from consumers import names
from tests.chaos.faults import FAULTS, KILLS
from tests.chaos.soak import FULL_RATE, Soaked, soak
from tests.chaos.stage import ANNOTATED, PARTITIONS, Stage

#: Packets a second.
RATE = 100.0


@dataclass(frozen=True)
class Done:
    """A fault, how long it took until all was committed [s], and the annotated topic's ends before and after."""

    kind: str
    recovery: float
    before: dict[int, int]
    after: dict[int, int]

    def spans(self, place: tuple[int, int]) -> bool:
        """Whether a record of the annotated topic came meanwhile."""
        partition, offset = place
        return self.before[partition] <= offset < self.after[partition]


@dataclass
class Verdict:
    """What came of a run."""

    done: list[Done] = field(default_factory=list)
    soaked: Soaked | None = None
    good: int = 0
    bad: int = 0
    aborted: list[tuple[int, int]] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)

    @property
    def kinds(self) -> list[str]:
        return sorted({one.kind for one in self.done})

    @property
    def kills(self) -> list[Done]:
        return [one for one in self.done if one.kind in KILLS]

    def seen_aborted(self, faults: Sequence[Done]) -> int:
        """After how many of these faults there are aborted records."""
        return sum(any(map(one.spans, self.aborted)) for one in faults)

    def lines(self) -> list[str]:
        return [
            *map(self._line, self.kinds),
            f"{len(self.done)} faults of {len(self.kinds)} kinds; {self.good} good records and {self.bad} bad ones",
            f"{len(self.aborted)} aborted records, after {self.seen_aborted(self.kills)} of {len(self.kills)} kills",
            *([] if self.soaked is None else [self.soaked.line()]),
            *(self.problems or ["each record came out once, and the ledger is in balance"]),
        ]

    def _line(self, kind: str) -> str:
        faults = [one for one in self.done if one.kind == kind]
        seconds = [one.recovery for one in faults]
        return (
            f"{kind:26} {len(seconds):3} times, recovered in {statistics.median(seconds):5.1f} s "
            f"(at most {max(seconds):.1f} s), aborted records {self.seen_aborted(faults)} times"
        )


def chaos(
    faults: int, seed: int, kinds: Sequence[str] = tuple(FAULTS), rate: float = RATE, soak_s: float = 0.0
) -> Verdict:
    """Do so many faults, each kind as often as the others, and then let it run for a while at full rate."""
    verdict = Verdict()
    with tempfile.TemporaryDirectory(prefix="sosia-chaos-") as folder, Stage(Path(folder), rate, seed) as stage:
        first = dict.fromkeys(range(PARTITIONS), 1)
        stage.wait(lambda: stage.committed_to(first))
        order = [kinds[number % len(kinds)] for number in range(faults)]
        stage.draw.shuffle(order)
        for kind in order:
            verdict.done.append(_fault(stage, kind))
            _tell(f"{kind}: {verdict.done[-1].recovery:.1f} s, {stage.survey.published} published")
        if soak_s:
            verdict.soaked = soak(stage, soak_s, FULL_RATE)
        stage.finish()
        _judge(stage, verdict)
    return verdict


def _fault(stage: Stage, kind: str) -> Done:
    before = stage.ends(ANNOTATED)
    time.sleep(stage.draw.uniform(0.3, 1.5))  # longer than a transaction: one that is cut off began after that
    stage.struck = time.monotonic()
    FAULTS[kind](stage)
    ends = stage.ends()
    stage.wait(lambda: stage.committed_to(ends))
    annotated = stage.ends(ANNOTATED)
    stage.wait(lambda: stage.readable_to(annotated))
    recovery = time.monotonic() - stage.struck
    stage.cluster.wait_whole()
    return Done(kind, recovery, before, stage.ends(ANNOTATED))


def _judge(stage: Stage, verdict: Verdict) -> None:
    verdict.good, verdict.bad = len(stage.survey.good), len(stage.survey.bad)
    for what, topic, expected in (("good", ANNOTATED, stage.survey.good), ("bad", names.DEAD, stage.survey.bad)):
        found = stage.origins(topic)
        missing, strange = expected - found.keys(), found.keys() - expected
        doubled = [origin for origin, count in found.items() if count > 1]
        for fault, origins in (("missing", missing), ("strange", strange), ("doubled", doubled)):
            if origins:
                verdict.problems.append(f"{len(origins)} {what} records {fault}, such as {min(origins)}")
    audit = stage.audit()
    verdict.problems += audit.problems
    if audit.difference or not audit.balanced or audit.received != verdict.good + verdict.bad:
        verdict.problems.append(f"the ledger accounts for {audit.received}, difference {audit.difference}")
    verdict.aborted = stage.aborted()
    if without := len(verdict.kills) - verdict.seen_aborted(verdict.kills):
        verdict.problems.append(f"{without} kills of workers aborted no record, and so showed nothing")


def _tell(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--faults", type=int, default=102)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--rate", type=float, default=RATE, help="packets a second")
    parser.add_argument("--kinds", default=",".join(FAULTS), help="names, with commas between")
    parser.add_argument("--soak", type=float, default=0.0, help="seconds at full rate, after the faults")
    args = parser.parse_args()
    verdict = chaos(args.faults, args.seed, args.kinds.split(","), args.rate, args.soak)
    _tell("\n".join(verdict.lines()))
    return int(bool(verdict.problems))


if __name__ == "__main__":
    sys.exit(main())
