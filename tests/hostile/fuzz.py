"""``make fuzz``: damaged packets of all formats through every decoder, in processes that are watched from outside.

A packet fails where it raises anything but what is meant to be raised, takes more than a second of a processor,
lets the process grow beyond 1.5 GB, stops it, or changes what comes of another packet. It is told by seed and number::

    python -m tests.hostile.fuzz --packets 1000000 --processes 2
    python -m tests.hostile.fuzz --seed 1 --only 4711        # one packet again, with its traceback
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import resource
import sys
import tempfile
import time
import traceback
import warnings
from collections import Counter
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from schemas.errors import StampError
from tests.hostile.decoders import Decoders, framed
from tests.hostile.mutations import mutated
from tests.hostile.packets import good_packets

if TYPE_CHECKING:
    from collections.abc import Iterable
    from multiprocessing.sharedctypes import Synchronized

    from broker.stamp_pair import Prepared, StampPair

LONGEST_S = 1.0
LARGEST_BYTES = 1_500_000_000
#: Address space of a process [bytes], so that a bomb fails here and not the machine.
ADDRESSES = 6_000_000_000
#: A packet that is not done after so much of a processor hangs [s].
HANGS_S = 30.0
BATCH = 32


@dataclass
class Report:
    """What became of some packets."""

    packets: int = 0
    outcomes: Counter[str] = field(default_factory=Counter)
    failures: list[str] = field(default_factory=list)
    slowest: tuple[float, int] = (0.0, -1)
    peak_bytes: int = 0

    def add(self, other: Report) -> None:
        self.packets += other.packets
        self.outcomes += other.outcomes
        self.failures += other.failures
        self.slowest = max(self.slowest, other.slowest)
        self.peak_bytes = max(self.peak_bytes, other.peak_bytes)

    def lines(self) -> list[str]:
        seconds, number = self.slowest
        outcomes = ", ".join(f"{count} {outcome}" for outcome, count in self.outcomes.most_common())
        return [
            f"{self.packets} packets: {outcomes}",
            f"slowest: {seconds:.3f} s (packet {number}); peak memory {self.peak_bytes / 1e6:.0f} MB",
            f"{len(self.failures)} failures",
            *self.failures[:20],
        ]


def fuzz(seed: int, numbers: Iterable[int], at: Synchronized[int] | None = None) -> Report:
    """Send damaged packets through the decoders of one worker, a good one among them now and then."""
    report = Report()
    with tempfile.TemporaryDirectory() as folder:
        seeds, source = good_packets(Path(folder))
    decoders = Decoders(source)
    good = [decoders.decode(one.payload).pair for one in seeds]
    wanted = [framed([pair])[0] for pair in good if pair is not None]
    assert len(wanted) == len(seeds), "the good packets are not"
    assert not any(isinstance(one.science, StampError) for one in wanted), "nor their images"
    numbers = iter(numbers)
    while batch := list(islice(numbers, BATCH)):
        pairs: list[StampPair] = []
        for number in batch:
            if at is not None:
                at.value = number
            try:
                seen = decoders.decode(mutated(seed, number, seeds))
            except Exception:  # noqa: BLE001  that is what is looked for
                report.failures.append(f"packet {number}: {traceback.format_exc(limit=-3)}")
                continue
            report.packets += 1
            report.outcomes[seen.outcome] += 1
            report.slowest = max(report.slowest, (seen.seconds, number))
            if seen.seconds > LONGEST_S:
                report.failures.append(f"packet {number}: took {seen.seconds:.2f} s, {seen.outcome}")
            if seen.pair is not None:
                pairs.append(seen.pair)
        place = batch[0] // BATCH % len(seeds)
        report.failures += _batch(batch, pairs, decoders, seeds[place].payload, wanted[place])
        report.peak_bytes = peak_bytes()
    return report


def peak_bytes() -> int:
    """Return the most memory that this process ever held; getrusage tells the parent's where that was more."""
    status = Path("/proc/self/status").read_text()
    (peak,) = (line.split()[1] for line in status.splitlines() if line.startswith("VmHWM:"))
    return int(peak) * 1024


def _processor_seconds(pid: int | None) -> float:
    """Return the processor time of a process; that of the clock says nothing where others use the processor too."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _batch(batch: list[int], pairs: list[StampPair], decoders: Decoders, payload: bytes, wanted: Prepared) -> list[str]:
    """Frame what was read together with a good packet, and compare that with what it is alone."""
    pair = decoders.decode(payload).pair
    assert pair is not None
    try:
        found = framed([*pairs[: len(pairs) // 2], pair, *pairs[len(pairs) // 2 :]])[len(pairs) // 2]
    except Exception:  # noqa: BLE001  that is what is looked for
        return [f"packets {batch[0]} to {batch[-1]}: {traceback.format_exc(limit=-3)}"]
    same = np.array_equal(found.science, wanted.science) and np.array_equal(found.reference, wanted.reference)
    return [] if same else [f"packets {batch[0]} to {batch[-1]}: changed a good one"]


def _child(seed: int, numbers: range, at: Synchronized[int], answers: Any) -> None:
    resource.setrlimit(resource.RLIMIT_AS, (ADDRESSES, ADDRESSES))
    warnings.simplefilter("ignore")
    answers.put(fuzz(seed, numbers, at))


class Watched:
    """A process with a share of the packets; begun again after one that stopped it."""

    def __init__(self, seed: int, numbers: range) -> None:
        self._seed, self._numbers = seed, numbers
        self.done = False
        self.report = Report()
        self._start()

    def _start(self) -> None:
        context = multiprocessing.get_context("spawn")
        self._at = context.Value("q", -1)
        self._queue = context.Queue()
        self._process = context.Process(target=_child, args=(self._seed, self._numbers, self._at, self._queue))
        self._process.start()
        self._last, self._moved = -1, 0.0

    def look(self) -> None:
        """Take the report where there is one, and end a process that hangs."""
        if not self._queue.empty():
            self.report.add(self._queue.get())
            self._process.join()
            self.done = True
            return
        alive = self._process.is_alive()
        used = _processor_seconds(self._process.pid) if alive else 0.0
        if self._at.value != self._last:
            self._last, self._moved = self._at.value, used
        hangs = self._last >= 0 and used - self._moved > HANGS_S
        if hangs or not alive:
            self._process.kill()
            self._process.join()
            how = "hangs" if hangs else f"ended the process ({self._process.exitcode})"
            self.report.failures.append(f"packet {self._last}: {how}")
            # What came before it is done, though its outcomes are lost with the process.
            self._numbers = range(self._last + self._numbers.step, self._numbers.stop, self._numbers.step)
            self._start()


def run(seed: int, packets: int, processes: int, slice_size: int = 20_000) -> Report:
    """Share the packets between processes."""
    report = Report()
    todo = [range(start, min(start + slice_size, packets)) for start in range(0, packets, slice_size)]
    running: list[Watched] = []
    while todo or running:
        while todo and len(running) < processes:
            running.append(Watched(seed, todo.pop(0)))
        time.sleep(0.2)
        for one in list(running):
            one.look()
            if one.done:
                running.remove(one)
                report.add(one.report)
                sys.stdout.write(f"{report.packets} packets, {len(report.failures)} failures\n")
                sys.stdout.flush()
    return report


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--packets", type=int, default=1_000_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--only", type=int, help="this one packet, in this process")
    args = parser.parse_args()
    warnings.simplefilter("ignore")
    if args.only is not None:
        report = fuzz(args.seed, [args.only])
    else:
        report = run(args.seed, args.packets, args.processes)
        if report.peak_bytes > LARGEST_BYTES:
            report.failures.append(f"a process grew to {report.peak_bytes / 1e6:.0f} MB")
    sys.stdout.write("\n".join(report.lines()) + "\n")
    return int(bool(report.failures))


if __name__ == "__main__":
    sys.exit(main())
