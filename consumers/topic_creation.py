"""Makes a topic that is missing, or says which right that takes."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from confluent_kafka import KafkaError, KafkaException
from confluent_kafka.admin import AclOperation, AdminClient, NewTopic

from consumers.bounded_read import asking
from consumers.moved import ask
from consumers.rights import ANSWER_S, TOPIC, lacking
from schemas.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Mapping


def create_topic(
    config: Mapping[str, str], topic: str, partitions: int = -1, options: Mapping[str, str] | None = None
) -> None:
    """Create a topic, and wait until the cluster tells of it; whoever runs beside may be faster.

    Parameters
    ----------
    config : mapping of str to str
        Options of the client, from `KafkaSettings.client_config`.
    topic : str
    partitions : int, optional
        By default the cluster's own number.
    options : mapping of str to str, optional
        Of the topic.

    Raises
    ------
    ConfigurationError
        The cluster refuses; names the right where that is why.
    SosiaError
        It does not answer.
    """
    admin = AdminClient({**config, "log_level": 0})  # held until the answer: without its client a future fails
    new = NewTopic(topic, partitions, -1, config=dict(options or {}))
    with asking(config):
        try:
            admin.create_topics([new])[topic].result(ANSWER_S)
        except KafkaException as error:
            reason = error.args[0]
            if reason.code() == KafkaError.TOPIC_ALREADY_EXISTS:
                return
            if reason.code() < 0:  # the client's own, which had no answer
                raise
            refused = reason.code() == KafkaError.TOPIC_AUTHORIZATION_FAILED
            why = lacking(AclOperation.CREATE, TOPIC, topic) if refused else reason.str()
            raise ConfigurationError(
                f"the cluster {config['bootstrap.servers']} has no topic {topic}, and it cannot be created: {why}"
            ) from error
    with contextlib.suppress(KafkaException):  # who goes on meets it again, and tells
        ask(lambda: _look_for(admin, topic))


def _look_for(admin: AdminClient, topic: str) -> None:
    if topic not in admin.list_topics(timeout=ANSWER_S).topics:
        raise KafkaException(KafkaError(KafkaError.UNKNOWN_TOPIC_OR_PART))
