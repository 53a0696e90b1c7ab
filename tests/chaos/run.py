"""``make chaos``: faults of all kinds, one after the other and at random moments, under a stream that never pauses.

After each fault the time is taken until all that was published before it ended is committed. At the end a reader of
committed records and the ledger's audit tell whether any record is missing, or came out twice::

    python -m tests.chaos.run --faults 100 --seed 1
    python -m tests.chaos.run --faults 20 --kinds "worker killed,node killed"
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from consumers import names
from tests.chaos.faults import FAULTS
from tests.chaos.stage import ANNOTATED, PARTITIONS, Stage

#: Packets a second.
RATE = 60.0


@dataclass
class Verdict:
    """What came of a run."""

    recovery: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    good: int = 0
    bad: int = 0
    aborted: int = 0
    problems: list[str] = field(default_factory=list)

    def lines(self) -> list[str]:
        times = [
            f"{kind:20} {len(seconds):3} times, recovered in {statistics.median(seconds):5.1f} s "
            f"(at most {max(seconds):.1f} s)"
            for kind, seconds in sorted(self.recovery.items())
        ]
        faults = sum(map(len, self.recovery.values()))
        return [
            *times,
            f"{faults} faults of {len(self.recovery)} kinds; {self.good} good records and {self.bad} bad ones",
            f"{self.aborted} offsets of aborted records and transactions' markers",
            *(self.problems or ["each record came out once, and the ledger is in balance"]),
        ]


def chaos(faults: int, seed: int, kinds: Sequence[str] = tuple(FAULTS), rate: float = RATE) -> Verdict:
    """Do so many faults, each kind as often as the others."""
    verdict = Verdict()
    with tempfile.TemporaryDirectory(prefix="sosia-chaos-") as folder, Stage(Path(folder), rate, seed) as stage:
        first = dict.fromkeys(range(PARTITIONS), 1)
        stage.wait(lambda: stage.committed_to(first))
        order = [kinds[number % len(kinds)] for number in range(faults)]
        stage.draw.shuffle(order)
        for kind in order:
            time.sleep(stage.draw.uniform(0.0, 1.5))
            begun = time.monotonic()
            FAULTS[kind](stage)
            ends = stage.ends()
            stage.wait(lambda: stage.committed_to(ends))  # noqa: B023  it is waited for here
            verdict.recovery[kind].append(time.monotonic() - begun)
            stage.cluster.wait_whole()
            _tell(f"{kind}: {verdict.recovery[kind][-1]:.1f} s, {stage.survey.published} published")
        stage.finish()
        _judge(stage, verdict)
    return verdict


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


def _tell(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--faults", type=int, default=105)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--rate", type=float, default=RATE, help="packets a second")
    parser.add_argument("--kinds", default=",".join(FAULTS), help="names, with commas between")
    args = parser.parse_args()
    verdict = chaos(args.faults, args.seed, args.kinds.split(","), args.rate)
    _tell("\n".join(verdict.lines()))
    return int(bool(verdict.problems))


if __name__ == "__main__":
    sys.exit(main())
