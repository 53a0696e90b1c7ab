"""Questions about partitions and groups whose leader has just moved, or is just being found: they are asked again."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

import structlog
from confluent_kafka import KafkaError, KafkaException

log = structlog.get_logger()

#: While leaders move, the client may ask the old one; by the next question it has looked for the new one. And of a new
#: topic one node may tell before its leader knows of it.
MOVED = frozenset({
    KafkaError.NOT_LEADER_FOR_PARTITION, KafkaError.LEADER_NOT_AVAILABLE, KafkaError.NOT_COORDINATOR,
    KafkaError.OFFSET_NOT_AVAILABLE, KafkaError.UNKNOWN_TOPIC_OR_PART,
    KafkaError._UNKNOWN_PARTITION,  # noqa: SLF001  the client's public name
})  # fmt: skip
#: Waits before it is asked again [s].
BACKOFF = (0.1, 0.2, 0.5, 1.0, 2.0, 5.0)

Answer = TypeVar("Answer")


def ask(question: Callable[[], Answer], wait: Callable[[float], object] = time.sleep) -> Answer:
    """Ask the cluster, again where what was asked had moved.

    Parameters
    ----------
    question : callable
    wait : callable, optional
        Waits some seconds before it is asked again.

    Raises
    ------
    confluent_kafka.KafkaException
        The last answer, where it is no other; at once, where waiting would not help.
    """
    for pause in BACKOFF:
        try:
            return question()
        except KafkaException as error:
            if error.args[0].code() not in MOVED:
                raise
            log.debug("asked again", error=str(error.args[0]), wait=pause)
            wait(pause)
    return question()
