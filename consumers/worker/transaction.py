"""Kafka's error protocol for transactions, in one place.

Every call may fail in three ways, and each asks for its own answer:

- *retriable*: the same call again, after a while;
- *abortable*: the transaction is lost but the worker is not: abort it, and begin again at the last commit;
- *fatal*, or anything else: another worker took over this one's id, or a setting is wrong: end the process.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import structlog
from confluent_kafka import KafkaError, KafkaException

from consumers.rights import REFUSALS, TRANSACTIONAL_ID, WRITE, lacking
from consumers.worker.hang import hang_ends_process
from schemas.errors import ConfigurationError, SosiaError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from confluent_kafka import Message, Producer, TopicPartition

    from consumers.worker.batch import Output

log = structlog.get_logger()

INITIALISE, ABORT = "init_transactions", "abort_transaction"
#: Longest wait inside one call [s]; a call that ran out of it is retriable.
CALL_SECONDS = 10.0
#: A call that takes longer than that hangs [s].
HANG_SECONDS = 20.0
#: Waits before a retriable call is made again [s]: a broker's restart takes some ten seconds.
BACKOFF = (0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 2.0, 5.0, 5.0, 5.0, 5.0)
#: Wait for room in the producer's queue [s].
FULL_QUEUE_SECONDS = 0.1
#: Longest wait for deliveries, and how often it is looked whether one failed [s].
FLUSH_SECONDS, LOOK_SECONDS = 2.0, 0.05


class TransactionAbortedError(SosiaError):
    """The transaction was aborted: nothing of it is committed, and the worker may go on from the last commit."""


class Transactions:
    """One producer's transactions, one after the other.

    Parameters
    ----------
    producer : confluent_kafka.Producer
        With a ``transactional.id``.
    group : callable
        Returns the consumer's current group metadata: by its generation Kafka refuses the offsets of a
        worker that has lost its partitions.
    wait : callable
        Waits some seconds before a call is made again.
    transactional_id : str
        The producer's.
    """

    def __init__(
        self,
        producer: Producer,
        group: Callable[[], object],
        wait: Callable[[float], object],
        transactional_id: str,
    ) -> None:
        self._transactional_id = transactional_id
        self._producer = producer
        self._group = group
        self._wait = wait
        self._failed: KafkaException | None = None
        self._refused = ""

    def initialise(self) -> None:
        """Fence earlier workers of the same name, and finish or abort what they left open.

        Raises
        ------
        ConfigurationError
            The cluster does not allow this id.
        """
        try:
            self._call(INITIALISE, lambda: self._producer.init_transactions(CALL_SECONDS))
        except KafkaException as error:
            if error.args[0].code() == KafkaError.TRANSACTIONAL_ID_AUTHORIZATION_FAILED:
                raise ConfigurationError(lacking(WRITE, TRANSACTIONAL_ID, self._transactional_id)) from error
            raise

    def begin(self) -> None:
        """Open a transaction."""
        self._failed = None
        self._call("begin_transaction", self._producer.begin_transaction)

    def produce(self, output: Output) -> None:
        """Write one record in the open transaction.

        Raises
        ------
        TransactionAbortedError
            This record, or one before it, was refused.
        ConfigurationError
            So it was, for want of a right.
        confluent_kafka.KafkaException
            A fatal error.
        """
        by_key, now = -1, 0
        while True:
            try:
                self._producer.produce(
                    output.topic,
                    value=output.value,
                    key=output.key,
                    headers=list(output.headers),
                    on_delivery=self._delivered,
                    partition=by_key if output.partition is None else output.partition,
                    timestamp=output.timestamp or now,
                )
            except BufferError:  # the queue is full: let it deliver
                self._producer.poll(FULL_QUEUE_SECONDS)
            except KafkaException as error:
                if error.args[0].fatal():
                    raise
                self._abort(f"{output.topic}: {error.args[0]}", error)
            else:
                break
        self._producer.poll(0)
        self._check_deliveries()

    def commit(self, offsets: Sequence[TopicPartition] = ()) -> None:
        """Commit the records and the offsets of the input that they came from, if any: all or none.

        The offsets go last: a record that is refused while they are on their way makes librdkafka hang.

        Raises
        ------
        TransactionAbortedError
            None of them is committed.
        ConfigurationError
            Nor ever will be: a right is missing.
        confluent_kafka.KafkaException
            A fatal error.
        """
        self._flush()
        self._check_deliveries()
        if offsets:
            self._call(
                "send_offsets_to_transaction",
                lambda: self._producer.send_offsets_to_transaction(list(offsets), self._group(), CALL_SECONDS),
            )
        self._check_deliveries()
        self._call("commit_transaction", lambda: self._producer.commit_transaction(CALL_SECONDS))

    def _flush(self) -> None:
        """Wait until Kafka has the records, or refuses one."""
        for _ in range(round(FLUSH_SECONDS / LOOK_SECONDS)):
            if self._failed is not None or not self._producer.flush(LOOK_SECONDS):
                return

    def _delivered(self, error: KafkaError | None, message: Message) -> None:
        if error is not None and self._failed is None:
            self._failed = KafkaException(error)
            self._refused = str(message.topic())
            log.warning("record refused", topic=self._refused, error=str(error))

    def _check_deliveries(self) -> None:
        if self._failed is not None:
            self._abort(f"{self._refused}: a record was refused: {self._failed.args[0]}", self._failed)

    def _call(self, name: str, action: Callable[[], object]) -> None:
        """Make a call, again where Kafka says that it may be."""
        for pause in (*BACKOFF, None):
            try:
                with hang_ends_process(HANG_SECONDS):
                    action()
            except KafkaException as error:
                reason = error.args[0]
                if reason.fatal():
                    raise
                if reason.txn_requires_abort() and name not in (INITIALISE, ABORT):  # where there is none to abort
                    self._abort(f"{name}: {reason}", error)
                if not reason.retriable() or pause is None:
                    raise
                log.info("called again", call=name, error=str(reason), wait=pause)
                self._wait(pause)
            else:
                return

    def _abort(self, why: str, cause: KafkaException) -> None:
        """Abort the open transaction, and say so by raising."""
        log.warning("transaction aborted", reason=why)
        self._call(ABORT, lambda: self._producer.abort_transaction(CALL_SECONDS))
        if cause.args[0].code() in REFUSALS:  # to try again would not help
            raise ConfigurationError(f"{why}; see which rights this command needs in ops/SECURITY.md") from cause
        raise TransactionAbortedError(why) from cause
