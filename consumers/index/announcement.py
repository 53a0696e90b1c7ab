"""Which version of a survey's index is in use: one record of ``sosia.index.v1``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import structlog
from confluent_kafka import KafkaError, Producer

from consumers.bounded_read import TIMEOUT_S, asking, read, topics_of, whole
from consumers.names import INDEX
from consumers.rights import require
from consumers.topic_creation import create_topic
from schemas.errors import SosiaError, UnreadableError
from schemas.own import pack, unpack

if TYPE_CHECKING:
    from collections.abc import Mapping

    from broker.novelty.manifest import Manifest

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Announcement:
    """A record of ``schemas/index.avsc``, which explains the attributes."""

    survey: str
    digest: str
    version: str
    uri: str
    sha256: str
    metric: str
    number: str
    previous: str | None

    @classmethod
    def of(cls, manifest: Manifest, uri: str, sha256: str) -> Announcement:
        """Announce a version that is stored."""
        first = manifest.populations[0]  # all are made by one recipe
        return cls(
            manifest.survey, manifest.digest, manifest.version, uri, sha256, first.metric, first.number,
            manifest.previous,
        )  # fmt: skip

    @classmethod
    def read(cls, payload: bytes) -> Announcement:
        """Read a record; raises UnreadableError."""
        one = unpack("index", payload)
        return cls(
            one["survey"], one["backboneDigest"], one["indexVersion"], one["uri"], one["sha256"], one["metric"],
            one["dtype"], one["previous"],
        )  # fmt: skip

    @property
    def key(self) -> tuple[str, str]:
        """Of equals, only the newest counts."""
        return self.survey, self.digest

    def write(self) -> bytes:
        """Return the record."""
        return pack(
            "index",
            {
                "survey": self.survey,
                "backboneDigest": self.digest,
                "indexVersion": self.version,
                "uri": self.uri,
                "sha256": self.sha256,
                "metric": self.metric,
                "dtype": self.number,
                "previous": self.previous,
            },
        )


def announce(config: Mapping[str, str], announcement: Announcement) -> None:
    """Tell all workers; on return Kafka has it. Makes the topic where there is none.

    Raises
    ------
    SosiaError
        Kafka does not take it.
    """
    failed: list[KafkaError] = []
    ensure_index_topic(config)
    with asking(config):
        producer = Producer({**config, "enable.idempotence": True, "log_level": 0})
        producer.produce(
            INDEX,
            announcement.write(),
            "/".join(announcement.key),
            on_delivery=lambda error, _: failed.append(error) if error else None,
        )
        waiting = producer.flush(TIMEOUT_S)
    if waiting or failed:
        why = failed[0] if failed else f"no answer within {TIMEOUT_S:g} s"
        raise SosiaError(f"{INDEX}: version {announcement.version} is not announced: {why}; announce it again")


def ensure_index_topic(config: Mapping[str, str]) -> None:
    """See that there is a topic to announce in, and that this user may.

    Raises
    ------
    ConfigurationError
        A right is missing.
    SosiaError
        The cluster does not answer.
    """
    with asking(config):
        missing = require(config, write=[INDEX])
    if missing:
        create_topic(config, INDEX, 1, {"cleanup.policy": "compact"})


def announcements(config: Mapping[str, str]) -> dict[tuple[str, str], Announcement]:
    """Return the newest announcement of each survey and backbone digest; none where there is no such topic.

    Raises
    ------
    SosiaError
        The cluster does not answer.
    """
    found: dict[tuple[str, str], Announcement] = {}
    if INDEX not in topics_of(config):
        return found
    with asking(config):
        for message in read(config, whole(config, [INDEX])):
            try:
                one = Announcement.read(message.value() or b"")
            except UnreadableError as error:
                log.warning("no announcement", offset=message.offset(), error=str(error))
            else:
                found[one.key] = one
    return found
