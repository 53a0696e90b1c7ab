"""Sends dead letters once more: to a topic of its own, so that nobody else of the survey's readers sees them twice.

A replay has a transaction's protection against itself: it first ends what a replay before it left open, then reads
what was sent before, and a second one that runs beside it is fenced.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from confluent_kafka import KafkaException, Producer

from consumers.bounded_read import asking, read, topics_of, whole
from consumers.names import ATTEMPT_HEADER, DEAD, ORIGIN_HEADER, REPLAY
from consumers.replay import ensure_topic
from consumers.rights import require
from consumers.worker.batch import Output, Record
from consumers.worker.provenance import provenance
from consumers.worker.transaction import Transactions
from schemas.errors import SosiaError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from consumers.dead.letters import DeadLetter

#: Dead letters of one transaction, and their bytes: a broker aborts what stays open for long.
MOST_RECORDS, MOST_BYTES = 500, 16_000_000
#: What a dead letter may hold more than its record [bytes].
HEADERS_MARGIN = 65_536
TRANSACTIONAL_ID = "sosia-dead-replay"
#: Nobody asks when a record that was sent before is received here.
_NEVER = datetime.fromtimestamp(0, UTC)


@dataclass(slots=True)
class Replayed:
    """What became of a replay.

    Attributes
    ----------
    sent : int
        Dead letters sent once more.
    refused : int
        Those that were not, since they were before.
    """

    sent: int = 0
    refused: int = 0


def attempts(config: Mapping[str, str]) -> dict[str, int]:
    """Return the highest attempt that was sent of each origin."""
    if REPLAY not in topics_of(config):
        return {}
    highest: dict[str, int] = {}
    for message in read(config, whole(config, [REPLAY])):
        sent = provenance(Record.of(message, _NEVER))
        highest[sent.origin] = max(highest.get(sent.origin, 0), sent.attempt)
    return highest


def replay(
    config: Mapping[str, str], letters: Iterable[DeadLetter], message_bytes: int, *, again: bool = False
) -> Replayed:
    """Publish dead letters to ``sosia.replay.v1``, each under its origin and as the next attempt at it.

    Parameters
    ----------
    config : mapping of str to str
        Options of the client, from `KafkaSettings.client_config`.
    letters : iterable of DeadLetter
        Read only once the replay before this one has ended.
    message_bytes : int
        Largest record.
    again : bool, optional
        Send even those whose next attempt was sent before, as one attempt more.

    Raises
    ------
    SosiaError
        The cluster refuses, or another replay runs.
    """
    with asking(config):
        require(config, read=[DEAD, REPLAY])
    largest = message_bytes + HEADERS_MARGIN
    ensure_topic(config, REPLAY, len(whole(config, [DEAD])), largest)
    producer = Producer(
        {
            "retry.backoff.ms": "10",
            "compression.type": "zstd",
            **config,
            "message.max.bytes": str(largest),
            "transactional.id": TRANSACTIONAL_ID,
            "log_level": "0",
        }
    )
    transactions = Transactions(producer, lambda: None, time.sleep, TRANSACTIONAL_ID)
    try:
        transactions.initialise()
        return _replay(transactions, letters, attempts(config), again=again)
    except KafkaException as error:
        raise SosiaError(f"Kafka: {error.args[0].str()}; nothing is sent in part: run it again") from error


def _replay(
    transactions: Transactions, letters: Iterable[DeadLetter], sent_before: dict[str, int], *, again: bool
) -> Replayed:
    done = Replayed()
    records = size = 0
    for letter in letters:
        attempt = letter.attempt + 1
        if sent_before.get(letter.origin, 0) >= attempt:
            if not again:
                done.refused += 1
                continue
            attempt = sent_before[letter.origin] + 1
        sent_before[letter.origin] = attempt
        if not records:
            transactions.begin()
        transactions.produce(_output(letter, attempt))
        records, size = records + 1, size + len(letter.value or b"")
        if records >= MOST_RECORDS or size >= MOST_BYTES:
            transactions.commit()
            done.sent, records, size = done.sent + records, 0, 0
    if records:
        transactions.commit()
        done.sent += records
    return done


def _output(letter: DeadLetter, attempt: int) -> Output:
    ours = ((ORIGIN_HEADER, letter.origin.encode()), (ATTEMPT_HEADER, str(attempt).encode()))
    return Output(REPLAY, letter.key, letter.value, (*letter.headers, *ours))
