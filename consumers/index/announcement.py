"""Which version of a survey's index is in use: one record of ``sosia.index.v1``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import structlog
from confluent_kafka import KafkaError, KafkaException, Producer
from confluent_kafka.admin import AdminClient, NewTopic

from consumers.bounded_read import TIMEOUT_S, asking, read, topics_of, whole
from consumers.names import INDEX
from consumers.rights import require
from schemas.errors import SosiaError, UnreadableError
from schemas.framing import pack, unpack

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
    with asking(config):
        if INDEX in require(config, write=[INDEX]):
            _ensure_topic(config)
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


def _ensure_topic(config: Mapping[str, str]) -> None:
    admin = AdminClient(dict(config))  # named, or it would be gone before the answer came
    try:
        admin.create_topics([NewTopic(INDEX, 1, -1, config={"cleanup.policy": "compact"})])[INDEX].result(TIMEOUT_S)
    except KafkaException as error:
        if error.args[0].code() != KafkaError.TOPIC_ALREADY_EXISTS:
            raise
