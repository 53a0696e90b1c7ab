"""What a worker needs of its cluster, seen to before it reads anything: its topics, and the rights to them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import structlog
from confluent_kafka import KafkaError, KafkaException
from confluent_kafka.admin import AdminClient, NewTopic

from consumers import names
from consumers.bounded_read import asking
from consumers.rights import ANSWER_S, require
from consumers.worker.clients import OUTPUT_MARGIN
from schemas.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from consumers.settings import Settings

log = structlog.get_logger()


def output_topics(settings: Settings) -> list[str]:
    """Return the topics that a worker writes."""
    surveys = dict.fromkeys(one.survey for one in settings.input.surveys)
    embeddings = [names.EMBEDDINGS] if settings.embeddings.publish else []
    per_survey = [topic for survey in surveys for topic in (names.annotated(survey), names.scores(survey))]
    return [*per_survey, *embeddings, names.DEAD, names.LEDGER]


def check_topics(settings: Settings) -> None:
    """Make the output topics that are missing, and see that this user may write them and read the inputs.

    Inputs may be missing: a survey's topic of tonight comes tonight.

    Raises
    ------
    ConfigurationError
        A right is missing, or a topic that this user cannot make.
    SosiaError
        The cluster does not answer.
    """
    config, outputs = settings.kafka.client_config(), output_topics(settings)
    inputs = [topic for one in settings.input.surveys for topic in one.topics]
    index = [] if settings.index.cache is None else [names.INDEX]
    with asking(config):
        missing = require(config, read=[*inputs, names.REPLAY, *index], write=outputs)
    _create(settings, [topic for topic in outputs if topic in missing])


def _create(settings: Settings, topics: Iterable[str]) -> None:
    """Create topics with the cluster's own partitions and replicas; a worker beside may be faster."""
    config = settings.kafka.client_config()
    size = {"max.message.bytes": str(settings.kafka.message_bytes + OUTPUT_MARGIN)}
    admin = AdminClient({**config, "log_level": 0})
    for topic in topics:
        try:
            admin.create_topics([NewTopic(topic, -1, -1, config=size)])[topic].result(ANSWER_S)
        except KafkaException as error:
            if error.args[0].code() != KafkaError.TOPIC_ALREADY_EXISTS:
                raise ConfigurationError(
                    f"the cluster {config['bootstrap.servers']} has no topic {topic}, and it cannot be created: "
                    f"{error.args[0].str()}; create it, or allow this user to (operation Create)"
                ) from error
        else:
            log.info("topic created", topic=topic)
