"""A subscription: ``with subscribe(...) as alerts: for alert in alerts:``."""

from __future__ import annotations

import threading
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Self

import structlog

from consumers.bounded_read import asking, topics_of
from consumers.client.alert import Alert, AlertReader, Unreadable, origin_of
from consumers.client.expression import compile_expression
from consumers.client.member import Member
from consumers.client.reading import messages
from consumers.rights import no_topic
from consumers.worker.batch import Record
from schemas.errors import ConfigurationError, UnreadableError

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
    from types import TracebackType

    from confluent_kafka import Message

    from schemas.source import SchemaSource

log = structlog.get_logger()


def subscribe(
    topics: str | Sequence[str],
    bootstrap: str = "127.0.0.1:9092",
    *,
    last: int | None = None,
    start: datetime | None = None,
    group: str | None = None,
    where: str | Callable[[Alert], bool] | None = None,
    follow: bool = True,
    registry: str | SchemaSource | None = None,
    options: Mapping[str, str] | None = None,
    unreadable: Callable[[Unreadable], object] | None = None,
) -> Alerts:
    """Subscribe to annotated alerts, in full or only their scores.

    Only what is committed is read: each input record of a survey exactly once.

    Parameters
    ----------
    topics : str or sequence of str
        Such as ``sosia.ztf.annotated.v1`` (full packets with stamps) or ``sosia.ztf.scores.v1`` (annotations).
    bootstrap : str, optional
        The cluster, ``HOST:PORT``.
    last : int, optional
        Begin with the newest so many records; the filter comes afterwards.
    start : datetime, optional
        Begin with those published then or later; UTC where it has no zone. A group begins there where it has not been
        before. Without it and without ``last``: with the oldest that the topics hold.
    group : str, optional
        A consumer group that goes on where it left off. An alert is done when the next one is asked for, or the
        block ends without an error; one that was not is read again.
    where : str or callable, optional
        Only alerts that pass: an expression (see `consumers.client.expression`) or a function of an `Alert`.
    follow : bool, optional
        Go on with those that come, for ever or until `Alerts.stop`; else end where the topics end now.
    registry : str or SchemaSource, optional
        Address of the schema registry: full packets of Rubin and own stamps may need it.
    options : mapping of str to str, optional
        Further options of librdkafka, such as ``security.protocol``.
    unreadable : callable, optional
        Told of records without an annotation, which others must have written; by default they are logged.

    Raises
    ------
    ConfigurationError
        The filter is none, or ``last`` and ``group`` are both given.
    SosiaError
        The cluster does not answer (raised at the first alert, as is that a topic is missing).

    Examples
    --------
    >>> with subscribe("sosia.ztf.scores.v1", last=1000, where="streak.score > 0.5", follow=False) as alerts:
    ...     found = [alert.annotation["objectId"] for alert in alerts]  # doctest: +SKIP
    """
    if group is not None and last is not None:
        raise ConfigurationError(
            "a group goes on where it left off: 'last' does not go with 'group'; give 'start' (--from)"
        )
    return Alerts(
        [topics] if isinstance(topics, str) else list(topics),
        {**(options or {}), "bootstrap.servers": bootstrap},
        last=last,
        start=None if start is None else (start if start.tzinfo else start.replace(tzinfo=UTC)).timestamp(),
        group=group,
        where=where,
        follow=follow,
        source=_source(registry),
        unreadable=unreadable or _log_unreadable,
    )


class Alerts:
    """An open subscription, made by `subscribe`: iterate over it inside its ``with`` block."""

    def __init__(
        self,
        topics: Sequence[str],
        config: Mapping[str, str],
        *,
        last: int | None,
        start: float | None,
        group: str | None,
        where: str | Callable[[Alert], bool] | None,
        follow: bool,
        source: SchemaSource | None,
        unreadable: Callable[[Unreadable], object],
    ) -> None:
        self._passes = _predicate(where)
        self._reader = AlertReader(source)
        self._unreadable = unreadable
        self._stopped = threading.Event()
        self._member: Member | None = None
        if group is None:
            self._messages = messages(
                config, topics, last=last, start=start, follow=follow, stop=self._stopped.is_set
            )  # fmt: skip
        else:
            self._messages = self._of_group(config, topics, group, start, follow=follow)

    def __enter__(self) -> Self:
        """Do nothing yet: the cluster is asked for the first alert."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End the subscription; after an error, the alert that was being worked on is not done."""
        if error is None and self._member is not None:
            self._member.done()
        self.close()

    def __iter__(self) -> Iterator[Alert]:
        """Yield alerts that pass; may be left and taken up again."""
        for message in self._messages:
            alert = self._read(message)
            if alert is not None and self._passes(alert):
                yield alert

    def stop(self) -> None:
        """End the iteration soon; may be called from another thread."""
        self._stopped.set()

    def close(self) -> None:
        """End the subscription; what is done is committed."""
        if self._member is not None:
            self._member.close()
            self._member = None
        self._messages.close()

    def _of_group(
        self, config: Mapping[str, str], topics: Sequence[str], group: str, start: float | None, *, follow: bool
    ) -> Generator[Message, None, None]:
        for missing in sorted(set(topics) - topics_of(config)):
            raise ConfigurationError(no_topic(config, missing))
        with asking(config):
            self._member = Member(config, topics, group, start=start, follow=follow, stop=self._stopped.is_set)
            yield from self._member.messages()

    def _read(self, message: Message) -> Alert | None:
        record = Record.of(message, datetime.now(UTC))
        place, payload = (record.topic, record.partition, record.offset), record.value or b""
        try:
            annotation = self._reader.annotation(record.topic, payload)
        except UnreadableError as error:
            self._unreadable(Unreadable(*place, str(error)))
            return None
        time = datetime.fromtimestamp((record.timestamp or 0) / 1000, UTC)
        return Alert(*place, time, origin_of(record.headers), annotation, payload, self._reader)


def _predicate(where: str | Callable[[Alert], bool] | None) -> Callable[[Alert], bool]:
    if where is None:
        return lambda _: True
    if callable(where):
        return where
    passes = compile_expression(where)
    return lambda alert: passes(alert.annotation)


def _source(registry: str | SchemaSource | None) -> SchemaSource | None:
    if not isinstance(registry, str):
        return registry
    from consumers.registry import RegistrySource

    return RegistrySource(registry)


def _log_unreadable(record: Unreadable) -> None:
    log.warning("no annotation", topic=record.topic, partition=record.partition, offset=record.offset,
                error=record.error)  # fmt: skip
