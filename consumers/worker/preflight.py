"""What a worker needs of its cluster, seen to before it reads anything: its topics, and the rights to them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import structlog

from consumers import names
from consumers.bounded_read import asking
from consumers.rights import require
from consumers.topic_creation import create_topic
from consumers.worker.clients import OUTPUT_MARGIN

if TYPE_CHECKING:
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
    for topic in outputs:
        if topic in missing:
            size = settings.kafka.message_bytes + OUTPUT_MARGIN
            create_topic(config, topic, options={"max.message.bytes": str(size)})
            log.info("topic created", topic=topic)
