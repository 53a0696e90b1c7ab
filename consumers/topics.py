"""Which topics to read: names as configured, patterns matched against what the cluster holds now.

The list is always explicit. With a regular expression librdkafka would also keep subscribing to every expired
daily topic that a broker still lists, and their retries starve the live one; and it would not tell when the
night's topic changed. So the worker asks here again from time to time, and subscribes anew when the answer differs.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Protocol

from consumers.names import is_ours

if TYPE_CHECKING:
    from consumers.input_settings import SurveyInput

#: Seconds that the cluster may take to list its topics.
METADATA_TIMEOUT_S = 10.0


@dataclass(frozen=True, slots=True)
class Subscription:
    """What to read now.

    Attributes
    ----------
    surveys : mapping of str to str
        Topic to the survey that it is configured for, sorted by topic.
    missing : frozenset of str
        Topics that are configured by name and that the cluster does not hold (yet).
    expired : frozenset of str
        Dated topics that are there, and too old to be read.
    """

    surveys: Mapping[str, str] = field(default_factory=dict)
    missing: frozenset[str] = frozenset()
    expired: frozenset[str] = frozenset()

    @property
    def topics(self) -> list[str]:
        """The topics to subscribe to."""
        return list(self.surveys)


def choose(inputs: Sequence[SurveyInput], existing: Iterable[str], now: datetime) -> Subscription:
    """Choose the topics to read.

    A topic that is configured by name is read whatever its date. Where a topic matches patterns of several surveys,
    the first in the configuration has it. The workers' own topics, and Kafka's, are never chosen.

    Parameters
    ----------
    inputs : sequence of SurveyInput
    existing : iterable of str
        All the topics of the cluster.
    now : datetime
        With a time zone; the date that counts is the one in UTC.
    """
    present = sorted(topic for topic in existing if not is_ours(topic) and not topic.startswith("__"))
    named = {topic: one.survey for one in inputs for topic in one.topics}
    surveys = {topic: named[topic] for topic in present if topic in named}
    expired: set[str] = set()
    for one in inputs:
        oldest = now.astimezone(UTC).date() - timedelta(days=one.days - 1)
        for expression in map(_compiled, one.patterns):
            for topic in present:
                match = expression.search(topic)
                if match is None or topic in surveys:
                    continue
                dated = _date(match["date"]) if "date" in expression.groupindex else date.max
                if dated is not None and dated >= oldest:
                    surveys[topic] = one.survey
                elif dated is not None:
                    expired.add(topic)
    return Subscription(
        surveys=dict(sorted(surveys.items())),
        missing=frozenset(named) - surveys.keys(),
        expired=frozenset(expired) - surveys.keys(),
    )


class Cluster(Protocol):
    """What a Kafka client tells of its cluster."""

    @property
    def topics(self) -> Mapping[str, object]:
        """All its topics, by name."""


class Lister(Protocol):
    """A Kafka client that lists topics: any consumer, producer or admin client."""

    def list_topics(self, *, timeout: float) -> Cluster:
        """Ask the cluster."""


class TopicChooser:
    """Chooses anew each time that it is asked.

    Parameters
    ----------
    inputs : sequence of SurveyInput
    client : Lister
    clock : callable
        The time now, with a time zone.
    """

    def __init__(
        self, inputs: Sequence[SurveyInput], client: Lister, clock: Callable[[], datetime] = lambda: datetime.now(UTC)
    ) -> None:
        self._inputs = inputs
        self._client = client
        self._clock = clock

    def current(self) -> Subscription:
        """Return what to read now.

        Raises
        ------
        confluent_kafka.KafkaException
            The cluster does not answer; keep the subscription that there is.
        """
        existing = self._client.list_topics(timeout=METADATA_TIMEOUT_S).topics
        return choose(self._inputs, existing, self._clock())


def _compiled(pattern: str) -> re.Pattern[str]:
    """Compile a pattern as configured: a regular expression that begins with ``^``, or a name around ``{date}``."""
    if not pattern.startswith("^"):
        before, _, after = pattern.partition("{date}")
        pattern = f"^{re.escape(before)}{{date}}{re.escape(after)}$"
    return re.compile(pattern.replace("{date}", r"(?P<date>[0-9]{8})", 1))


def _date(text: str) -> date | None:
    try:
        return datetime.strptime(text, "%Y%m%d").replace(tzinfo=UTC).date()
    except ValueError:  # 20261399: eight digits that are no date
        return None
