"""How a worker's consumer and producer are configured, and why; an operator's own options override what is tunable."""

from __future__ import annotations

from typing import TYPE_CHECKING

import structlog

if TYPE_CHECKING:
    from confluent_kafka import KafkaError

    from consumers.settings import Settings

log = structlog.get_logger()

#: What an output may hold more than its input [bytes]: the annotation, and the derived schema of a container.
OUTPUT_MARGIN = 1_000_000


def consumer_options(settings: Settings) -> dict[str, object]:
    """Return the options of a worker's consumer."""
    return {
        # A broker that was away is back within the time of one batch.
        "reconnect.backoff.max.ms": 1000,
        # A member that died is missed soon, and one that computes for long is not: its heartbeats go on meanwhile.
        "session.timeout.ms": 6000,
        "heartbeat.interval.ms": 1000,
        "max.poll.interval.ms": 60000,
        "fetch.wait.max.ms": 50,
        "fetch.message.max.bytes": 2_000_000,
        # What is prefetched is fetched anew after each pause, so not more than a transaction's worth.
        "queued.max.messages.kbytes": 16384,
        # Eager: switching a running group to a cooperative strategy throws its members out.
        "partition.assignment.strategy": "range",
        "auto.offset.reset": "earliest",
        # The quarantine ends where there is nothing more to suspect.
        "enable.partition.eof": True,
        **settings.kafka.consumer_config(),
        "group.id": settings.kafka.group,
        # A static member that restarts has its partitions back at once.
        "group.instance.id": settings.worker.name,
        "enable.auto.commit": False,
        "isolation.level": "read_committed",
        "log_level": 0,
        "error_cb": _report,
    }


def producer_options(settings: Settings) -> dict[str, object]:
    """Return the options of a worker's producer."""
    return {
        "reconnect.backoff.max.ms": 1000,
        # Each thin record repeats its schema, and compresses to a fraction. Packets take half the time at this level,
        # 0.3 ms less for Rubin's, and two to four parts in a hundred more room than at the usual third.
        "compression.type": "zstd",
        "compression.level": 1,
        # The client copies each record that it reports; only what failed is of interest.
        "delivery.report.only.error": True,
        "linger.ms": 5,
        "batch.size": 1_000_000,
        "message.max.bytes": settings.kafka.message_bytes + OUTPUT_MARGIN,
        # By default a transaction waits 100 ms until the markers of the last one are written.
        "retry.backoff.ms": 10,
        # Longer than any batch, and short, since readers wait that long at what a killed worker left open.
        "transaction.timeout.ms": 10000,
        # A record that cannot be written fails before Kafka loses patience with its transaction: the worker
        # can then abort it and go on; a transaction that timed out fences its producer.
        "message.timeout.ms": 8000,
        **settings.kafka.producer_config(),
        # The same for every life of this worker: so the next one ends what this one left open, and fences it.
        "transactional.id": f"sosia-{settings.kafka.group}-{settings.worker.name}",
        "enable.idempotence": True,
        "log_level": 0,
        "error_cb": _report,
    }


def _report(error: KafkaError) -> None:
    """Log what a client cannot attribute to a call: it goes on trying, and a fatal error comes out of the next call."""
    log.warning("kafka client", error=str(error))
