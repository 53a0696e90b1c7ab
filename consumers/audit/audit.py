"""The audit: whether every input record was annotated or dead-lettered, exactly once.

A reader of its own, which believes neither the worker nor its ledger: it reads the ledger, the outputs and the inputs
themselves, all as a ``read_committed`` subscriber, and compares.

* The ledger's ranges tile each input partition, from its first record to the last that is accounted for.
* Each record in them came out once: its origin stands once in the annotated topics or the dead letters, for each
  attempt; or it was skipped, and the ledger says so.
* What the ledger counts is what is there.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from consumers.audit.checks import AuditRow, check_partition
from consumers.audit.records import Keys, Received, read_inputs, read_ledger, read_outputs
from consumers.bounded_read import topics_of, whole
from consumers.names import DEAD, LEDGER, REPLAY, is_annotated
from consumers.rights import READ, TOPIC, lacking
from schemas.errors import ConfigurationError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from consumers.audit.records import Ranges


@dataclass(frozen=True, slots=True)
class Audit:
    """What an audit found.

    Attributes
    ----------
    rows : tuple of AuditRow
        Sorted by topic and partition.
    problems : tuple of str
        Whatever contradicts exactly once, a line each; empty where all is in balance.
    """

    rows: tuple[AuditRow, ...] = ()
    problems: tuple[str, ...] = ()

    @property
    def balanced(self) -> bool:
        """Whether received + replayed = annotated + dead + skipped, record by record."""
        return not self.problems and all(row.difference == 0 for row in self.rows)

    @property
    def received(self) -> int:
        """Records of the surveys' topics."""
        return sum(row.received for row in self.rows if row.topic != REPLAY)

    @property
    def replayed(self) -> int:
        """Dead letters sent once more."""
        return sum(row.received for row in self.rows if row.topic == REPLAY)

    @property
    def annotated(self) -> int:
        """Records annotated."""
        return sum(row.annotated for row in self.rows)

    @property
    def dead(self) -> int:
        """Records dead-lettered, some of them after a replay once more."""
        return sum(row.dead for row in self.rows)

    @property
    def skipped(self) -> int:
        """Records skipped on purpose."""
        return sum(row.skipped for row in self.rows)

    @property
    def repeated(self) -> int:
        """Annotated records that repeat an epoch."""
        return sum(row.repeated for row in self.rows)

    @property
    def difference(self) -> int:
        """Received + replayed - annotated - dead - skipped."""
        return sum(row.difference for row in self.rows)

    @property
    def outstanding(self) -> int:
        """Dead letters that were not sent once more."""
        return self.dead - self.replayed

    @property
    def reasons(self) -> dict[str, int]:
        """Dead and skipped records by reason."""
        total: Counter[str] = Counter()
        for row in self.rows:
            total.update(row.reasons)
        return dict(sorted(total.items()))


def audit(config: Mapping[str, str], inputs: Sequence[str] | None = None) -> Audit:
    """Audit a cluster; may run beside the workers, and then judges what the ledger held at the start.

    Takes about 40 bytes of memory for each record of an input.

    Parameters
    ----------
    config : mapping of str to str
        Options of the client, from `KafkaSettings.client_config`.
    inputs : sequence of str, optional
        Topics to audit; by default all that the ledger names.

    Raises
    ------
    ConfigurationError
        There is no ledger, none of these topics is in it, or this user may not see all that it needs.
    SosiaError
        A partition does not move on.
    """
    problems: list[str] = []
    keys = Keys()
    existing = topics_of(config)
    # In this order: what a ledger row accounts for is in the outputs that are read after it, and what came out is in
    # the inputs that are read after the outputs, though the workers go on meanwhile.
    ledger_spans = whole(config, [LEDGER])
    ledger = read_ledger(config, ledger_spans, problems)
    wanted = {topic for topic, _ in ledger} if inputs is None else set(inputs)
    its = {partition: ranges for partition, ranges in ledger.items() if partition[0] in wanted}
    if not its:
        of = "" if inputs is None else f" of {', '.join(sorted(wanted))}"
        raise ConfigurationError(f"there is nothing to audit: {LEDGER} has no row{of} yet; it fills while workers run")
    visible = sorted(filter(is_annotated, existing))
    annotated = read_outputs(config, whole(config, visible), keys, problems)
    dead_topic = [DEAD] if DEAD in existing or any(ranges.dead.any() for ranges in its.values()) else []
    dead = read_outputs(config, whole(config, dead_topic), keys, problems)
    received = read_inputs(config, whole(config, sorted(wanted & existing)), keys)
    for one in received:
        if one.partition in its:
            _refuse_hidden(one, its[one.partition], annotated, keys, visible)

    whole_ledger = all(span.start == 0 for span in ledger_spans)
    rows = []
    for one in received:
        if one.partition in ledger:
            row, found = check_partition(one, ledger[one.partition], annotated, dead, whole_ledger=whole_ledger)
            rows.append(row)
            problems += found
    held = {one.partition for one in received}
    problems += [
        f"{topic}/{number} is in the ledger: it is gone, or {lacking(READ, TOPIC, topic)}"
        for topic, number in sorted(ledger.keys() - held)
        if topic in wanted
    ]
    if inputs is None:
        problems += _strangers(received, np.concatenate([annotated, dead]), keys)
    return Audit(tuple(sorted(rows, key=lambda row: (row.topic, row.partition))), tuple(problems))


def _refuse_hidden(
    received: Received, ranges: Ranges, annotated: NDArray[np.int64], keys: Keys, visible: Sequence[str]
) -> None:
    """Raise where the ledger has annotated records of a partition, and no topic that this user may see has one."""
    topic, number = received.partition
    count = ranges.annotated[ranges.first >= received.start].sum()
    # A replayed record's key is its origin's, so that of replays nothing can be told.
    if topic != REPLAY and count and not keys.any_of(received.partition, annotated):
        raise ConfigurationError(
            f"the ledger counts {count} annotated records of {topic}/{number}, and none is in the topics that are "
            f"shown to this user ({', '.join(visible) or 'none'}): the topic that they are in was deleted, or "
            f"{lacking(READ, TOPIC, 'sosia.SURVEY.annotated.v1')}"
        )


def _strangers(received: Sequence[Received], outputs: NDArray[np.int64], keys: Keys) -> list[str]:
    """Tell of outputs that no input record explains, unless it was deleted since."""
    inputs = np.concatenate([np.zeros(0, dtype=np.int64), *(one.keys for one in received)])
    strange = outputs[~np.isin(outputs, inputs)]
    starts = {one.partition: one.start for one in received}
    replays_deleted = any(start > 0 for (topic, _), start in starts.items() if topic == REPLAY)
    names = []
    for key in strange.tolist():
        partition, attempt, offset = keys.parts(key)
        deleted = replays_deleted if attempt > 1 else offset < starts.get(partition, 0)
        if not deleted:
            names.append(f"{partition[0]}/{partition[1]}/{offset}")
    if not names:
        return []
    return [f"{len(names)} outputs come from records that are not in the input, such as {names[0]}"]
