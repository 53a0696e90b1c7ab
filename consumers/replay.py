"""Publishes packets from files, byte for byte, at a given pace: a night played again."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from confluent_kafka import KafkaError, KafkaException, Message, Producer

from broker.files import find_files
from consumers.bounded_read import asking
from consumers.rights import require
from consumers.topic_creation import create_topic
from schemas.errors import ConfigurationError, SosiaError

if TYPE_CHECKING:
    from pathlib import Path

#: Seconds after which an undelivered packet counts as failed.
DELIVERY_TIMEOUT_S = 60.0
#: Later than this and the pace is no longer kept [s]; less is the scheduler's jitter.
LATE_S = 0.5


@dataclass(slots=True)
class Progress:
    """How far a replay has come.

    Attributes
    ----------
    sent, delivered, failed : int
        Packets handed to the client, acknowledged by all replicas, and given up.
    size : int
        Of the packets sent [bytes].
    elapsed_s : float
        [s].
    late_s : float
        How far the worst packet was behind its schedule [s].
    first_error : str or None
        Why the first one failed.
    """

    sent: int = 0
    delivered: int = 0
    failed: int = 0
    size: int = 0
    elapsed_s: float = 0.0
    late_s: float = 0.0
    first_error: str | None = None

    @property
    def behind(self) -> bool:
        """Whether the pace was not kept."""
        return self.late_s > LATE_S

    def summary(self, topic: str) -> str:
        """Say in one line what was published."""
        rate = self.delivered / self.elapsed_s if self.elapsed_s else 0.0
        volume = f"{self.size / 1e6:.1f} MB in {self.elapsed_s:.1f} s, {rate:.0f}/s"
        parts = [f"{self.delivered} of {self.sent} packets delivered to {topic}, {volume}"]
        if self.behind:
            parts.append(f"the pace was not kept, by up to {self.late_s:.1f} s")
        if self.failed:
            parts.append(f"{self.failed} failed ({self.first_error or 'not acknowledged in time'})")
        return "; ".join(parts)

    def acknowledge(self, error: KafkaError | None, _message: Message) -> None:
        """Note one delivery report."""
        if error is None:
            self.delivered += 1
            return
        self.failed += 1
        self.first_error = self.first_error or error.str()


def packets_of(paths: Iterable[Path]) -> Iterator[tuple[str, bytes]]:
    """Yield name and bytes of files, and of the ``.avro`` files of folders, in the order of their names.

    Raises
    ------
    ConfigurationError
        A path is not there, or cannot be read.
    """
    for file in find_files(paths):
        try:
            yield str(file), file.read_bytes()
        except OSError as error:
            raise ConfigurationError(f"{file}: cannot be read ({error.strerror}); check the path") from error


def ensure_topic(config: Mapping[str, str], topic: str, partitions: int | None, largest: int) -> None:
    """Create a topic where it is missing.

    Parameters
    ----------
    config : mapping of str to str
        Options of the client.
    topic : str
    partitions : int or None
        None creates nothing.
    largest : int
        Record that a topic made here takes [bytes]; brokers take 1 MB by default.

    Raises
    ------
    ConfigurationError
        It is missing and is not to be created, or the cluster refuses.
    """
    with asking(config):
        if topic not in require(config, write=[topic]):
            return
    if partitions is None:
        raise ConfigurationError(
            f"the cluster {config['bootstrap.servers']} has no topic {topic}; check the name, or give --partitions"
        )
    create_topic(config, topic, partitions, {"max.message.bytes": str(largest)})


def publish(
    packets: Iterable[tuple[str, bytes]],
    topic: str,
    config: Mapping[str, str],
    *,
    rate: float | None = None,
    key: Callable[[bytes], bytes | None] = lambda _: None,
    progress: Progress | None = None,
    clock: Callable[[], float] = time.monotonic,
    wait: Callable[[float], object] | None = None,
) -> Progress:
    """Publish packets and wait until each is delivered or given up.

    Packet *i* is due *i* / rate seconds after the first, whatever the others took, so that delays do not add up.

    Parameters
    ----------
    packets : iterable of (str, bytes)
        Name and bytes; read no faster than they are sent. Files (`packets_of`) or a simulator.
    topic : str
    config : mapping of str to str
        Options of the producer, from `KafkaSettings.producer_config`.
    rate : float, optional
        Packets a second; without it as fast as it goes.
    key : callable, optional
        Key of a packet; surveys send none.
    progress : Progress, optional
        Kept up to date, to be looked at from another thread.
    clock : callable, optional
        Seconds from any fixed moment, never set back.
    wait : callable, optional
        Waits for so many seconds; by default it takes delivery reports meanwhile.

    Raises
    ------
    SosiaError
        A packet is larger than the client may send; names it.
    """
    progress = progress if progress is not None else Progress()
    producer = Producer(
        {
            "linger.ms": "5",
            "queue.buffering.max.kbytes": "65536",
            "delivery.timeout.ms": str(int(DELIVERY_TIMEOUT_S * 1000)),
            **config,
            "enable.idempotence": "true",
        }
    )
    start = clock()
    try:
        for name, packet in packets:
            if rate is not None:
                late = _keep_pace(start + progress.sent / rate, clock, wait or producer.poll)
                progress.late_s = max(progress.late_s, late)
            try:
                _produce(producer, topic, packet, key(packet), progress)
            except KafkaException as error:
                raise SosiaError(f"{name}: {len(packet)} bytes cannot be sent: {error.args[0].str()}") from error
            progress.sent += 1
            progress.size += len(packet)
            progress.elapsed_s = clock() - start
    finally:
        producer.flush(DELIVERY_TIMEOUT_S)
        progress.elapsed_s = clock() - start
    progress.failed = progress.sent - progress.delivered
    return progress


def _keep_pace(due: float, clock: Callable[[], float], wait: Callable[[float], object]) -> float:
    """Wait until a packet is due; return how late it is [s]."""
    while (left := due - clock()) > 0:
        wait(left)
    return -left


def _produce(producer: Producer, topic: str, packet: bytes, key: bytes | None, progress: Progress) -> None:
    while True:
        try:
            producer.produce(topic, packet, key=key, on_delivery=progress.acknowledge)
        except BufferError:  # the cluster is slower than the files: wait for it
            producer.poll(0.1)
        else:
            producer.poll(0)
            return
