"""Which right a user of the cluster lacks, in words that name the resource, the operation and the mend."""

from __future__ import annotations

from typing import TYPE_CHECKING

from confluent_kafka import KafkaError, KafkaException, TopicCollection
from confluent_kafka.admin import AclOperation, AdminClient, ResourceType

from schemas.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from confluent_kafka import Message

#: Seconds that the cluster may take to answer a question.
ANSWER_S = 15.0

READ, WRITE = AclOperation.READ, AclOperation.WRITE
TOPIC, GROUP, TRANSACTIONAL_ID = ResourceType.TOPIC, ResourceType.GROUP, ResourceType.TRANSACTIONAL_ID

#: What Kafka calls a refusal, by what was refused.
REFUSALS = {
    KafkaError.TOPIC_AUTHORIZATION_FAILED: TOPIC,
    KafkaError.GROUP_AUTHORIZATION_FAILED: GROUP,
    KafkaError.TRANSACTIONAL_ID_AUTHORIZATION_FAILED: TRANSACTIONAL_ID,
}


def lacking(operation: AclOperation, kind: ResourceType, name: str) -> str:
    """Tell of one right that is missing."""
    what, how = kind.name.lower().replace("_", "-"), operation.name.capitalize()
    return (
        f"this user has no right to {how} {what.replace('-', ' ')} {name}; allow it "
        f"(kafka-acls --add --allow-principal User:NAME --operation {how} --{what} {name}), or use another user"
    )


def no_topic(config: Mapping[str, str], topic: str) -> str:
    """Tell that a topic is not shown: a user who may not read it is not told of it."""
    return (
        f"the cluster {config['bootstrap.servers']} has no topic {topic}, or shows it to others only: check the name, "
        f"and that what writes it was started; or else {lacking(READ, TOPIC, topic)}"
    )


def told(message: Message, group: str | None = None) -> str:
    """Tell of an error that came instead of a record: where, or which right is missing; of a group, to a member."""
    error, topic = message.error(), message.topic()
    assert error is not None  # or it would be a record
    kind = REFUSALS.get(error.code())
    if kind is GROUP and group is not None:
        return lacking(READ, GROUP, group)
    if kind is TOPIC and topic:
        return lacking(READ, TOPIC, topic)
    return f"{topic}: {error.str()}" if topic else error.str()  # it may be of the client as a whole


def require(config: Mapping[str, str], *, read: Iterable[str] = (), write: Iterable[str] = ()) -> set[str]:
    """Ask the cluster whether this user may read and write some topics: else a refusal comes in mid-stream.

    Parameters
    ----------
    config : mapping of str to str
        Options of the client, from `KafkaSettings.client_config`.
    read, write : iterable of str
        Topics.

    Returns
    -------
    set of str
        Those that do not exist.

    Raises
    ------
    ConfigurationError
        Rights are missing; names them all.
    confluent_kafka.KafkaException
        The cluster does not answer.
    """
    wanted = [*((topic, READ) for topic in read), *((topic, WRITE) for topic in write)]
    if not wanted:
        return set()
    admin = AdminClient({**config, "log_level": 0})  # held until the answers: without its client a future fails
    asked = admin.describe_topics(
        TopicCollection(sorted({topic for topic, _ in wanted})),
        include_authorized_operations=True,
        request_timeout=ANSWER_S,
    )
    allowed: dict[str, Iterable[AclOperation]] = {}
    for topic, answer in asked.items():
        try:
            # A cluster too old to tell may allow anything.
            operations = answer.result().authorized_operations
            allowed[topic] = AclOperation if operations is None else operations
        except KafkaException as error:
            code = error.args[0].code()
            if code == KafkaError.TOPIC_AUTHORIZATION_FAILED:
                allowed[topic] = ()
            elif code != KafkaError.UNKNOWN_TOPIC_OR_PART:
                raise
    missing = [
        lacking(operation, TOPIC, topic)
        for topic, operation in wanted
        if topic in allowed and operation not in allowed[topic]
    ]
    if missing:
        raise ConfigurationError(f"the cluster {config['bootstrap.servers']}: {'; '.join(missing)}")
    return set(asked) - allowed.keys()
