"""Partitions that are there, and that no member of the group reads."""

from __future__ import annotations

from typing import TYPE_CHECKING

import structlog
from confluent_kafka import ConsumerGroupState, KafkaException
from confluent_kafka.admin import AdminClient

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from consumers.worker.batch import Partition

log = structlog.get_logger()

#: Seconds that the cluster may take to answer.
TIMEOUT_S = 10.0


def unread_partitions(config: Mapping[str, str], group: str, topics: Sequence[str]) -> set[Partition]:
    """Return those partitions of some topics that no member of a group has.

    A static member that is back within its session is given its old partitions, and no new assignment is made; of a
    topic that came while it was away it would never have any.

    Parameters
    ----------
    config : mapping of str to str
        Options of the client, from `KafkaSettings.client_config`.
    group : str
    topics : sequence of str
        All that the group subscribes to.

    Returns
    -------
    set of partition
        Empty while the group is being assigned anew, and where the cluster does not tell.
    """
    admin = AdminClient({**config, "log_level": 0})  # a new one: an old one asks for ever where the group once was
    try:
        known = admin.list_topics(timeout=TIMEOUT_S).topics
        described = admin.describe_consumer_groups([group], request_timeout=TIMEOUT_S)[group].result()
    except KafkaException as error:
        log.warning("group not described", error=str(error.args[0]))
        return set()
    if described.state != ConsumerGroupState.STABLE:
        return set()
    there = {(topic, partition) for topic in topics if topic in known for partition in known[topic].partitions}
    return there - {
        (one.topic, one.partition)
        for member in described.members
        if member.assignment
        for one in member.assignment.topic_partitions
    }
