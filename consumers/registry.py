"""Writers' schemas from a schema registry (Confluent's, or any that speaks its interface), and our own into it."""

from __future__ import annotations

import hashlib
import time
import weakref
from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import TYPE_CHECKING, TypeVar
from urllib.parse import urlsplit

from schemas.errors import ConfigurationError, DeadReason, SchemaSourceDownError, UnreadableError
from schemas.source import FolderSource
from schemas.writer import WriterSchema

if TYPE_CHECKING:
    from confluent_kafka.schema_registry import Schema

    from consumers.registry_settings import RegistrySettings
    from schemas.source import SchemaSource

#: The registry's own code for "Schema not found"; a bare 404 may also come from a proxy or a wrong path.
SCHEMA_NOT_FOUND = 40403

#: Worth another try: the registry may be starting, overloaded, or electing a leader.
RETRIABLE = frozenset(
    {
        HTTPStatus.REQUEST_TIMEOUT,
        HTTPStatus.TOO_MANY_REQUESTS,
        HTTPStatus.INTERNAL_SERVER_ERROR,
        HTTPStatus.BAD_GATEWAY,
        HTTPStatus.SERVICE_UNAVAILABLE,
        HTTPStatus.GATEWAY_TIMEOUT,
    }
)

#: Said of a schema or of its name, not by a registry in trouble: asked again it would answer the same.
REFUSED = frozenset(
    {
        HTTPStatus.BAD_REQUEST,
        HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
        HTTPStatus.REQUEST_URI_TOO_LONG,
        HTTPStatus.UNPROCESSABLE_ENTITY,
    }
)

#: Schemas fetched, and registered: a survey has a handful, and a stranger's packets name as many as they like.
REMEMBERED = 64

FIRST_WAIT_S, LONGEST_WAIT_S = 0.1, 5.0
#: Of one request.
TIMEOUT_S = 5.0

T = TypeVar("T")
Key = TypeVar("Key")


def open_source(settings: RegistrySettings) -> SchemaSource | None:
    """Return what knows the schemas of the outputs: the registry that they are in, else the folder, else none."""
    if settings.url is not None:
        return RegistrySource(settings.url, settings.client_config())
    return FolderSource(settings.schemas) if settings.schemas is not None else None


class RegistrySource:
    """A `schemas.source.SchemaSource` over a registry.

    A schema is fetched once. A failed fetch is never remembered; "unknown id" is, for a short while, so that a
    stream of such records does not become a stream of requests, yet a schema that is registered late is found.

    Parameters
    ----------
    url : str
        Base address, path included.
    options : mapping of str to str, optional
        Of `confluent_kafka.schema_registry.SchemaRegistryClient`, such as ``basic.auth.user.info``.
    patience_s : float, optional
        How long a silent registry is asked again [s].
    unknown_s : float, optional
        How long "unknown id" is believed [s].
    clock : callable, optional
        Seconds from any fixed moment, never set back.
    wait : callable, optional
        Waits for so many seconds; may return earlier, for instance because the worker stops.
    """

    def __init__(
        self,
        url: str,
        options: Mapping[str, str] | None = None,
        *,
        patience_s: float = 30.0,
        unknown_s: float = 30.0,
        clock: Callable[[], float] = time.monotonic,
        wait: Callable[[float], object] = time.sleep,
    ) -> None:
        # Imported here: the client brings an HTTP library along, which no command without a registry needs.
        from confluent_kafka.schema_registry import SchemaRegistryClient

        # As it is told to others: without a user and a password.
        self._url = urlsplit(url)._replace(netloc=urlsplit(url).netloc.rpartition("@")[2]).geturl()
        try:
            self._client = SchemaRegistryClient({**(options or {}), "url": url, "max.retries": 0, "timeout": TIMEOUT_S})
        except (ValueError, OSError) as error:  # OSError: a certificate's file is missing
            raise ConfigurationError(f"registry.client: {error}; correct or remove it") from error
        weakref.finalize(self, self._client.close)  # its connections; nobody else ends a source
        self._patience_s = patience_s
        self._unknown_s = unknown_s
        self._clock = clock
        self._wait = wait
        self._known: dict[int, WriterSchema] = {}
        self._unknown: dict[int, float] = {}
        self._registered: dict[tuple[str, bytes], int] = {}

    def get(self, schema_id: int) -> WriterSchema:
        """Return the schema of a number; see `schemas.source.SchemaSource.get`."""
        schema = self._known.get(schema_id)
        if schema is None:
            if self._clock() < self._unknown.get(schema_id, float("-inf")):
                raise self._unknown_error(schema_id)
            schema = self._fetch(schema_id)
            _remember(self._known, schema_id, schema)
        return schema

    def register(self, subject: str, schema_json: str, compatibility: str = "NONE") -> int:
        """Register a schema and return its number; doing so again changes nothing.

        Parameters
        ----------
        subject : str
            As `consumers.names.subject` makes it.
        schema_json : str
        compatibility : str, optional
            Of the subject; NONE for derived schemas, since the surveys' majors differ.

        Raises
        ------
        SchemaSourceDownError
            The registry does not answer, or does not let us.
        UnreadableError
            It does not take this schema: a default that breaks the standard, or too large.
        """
        from confluent_kafka.schema_registry import Schema, SchemaRegistryError

        # Not the text itself, of which a stranger's packets may bring megabytes.
        key = (subject, hashlib.sha256(schema_json.encode()).digest())
        if key not in self._registered:
            schema = Schema(schema_json, "AVRO")
            try:
                self._ask(
                    f"set the compatibility of {subject}",
                    lambda: self._client.set_compatibility(subject_name=subject, level=compatibility),
                )
                number = self._ask(f"register {subject}", lambda: self._client.register_schema(subject, schema))
            except SchemaRegistryError as error:
                detail = f"the registry {self._url} does not take it: {error}"
                raise UnreadableError(DeadReason.SCHEMA_INVALID, detail) from error
            self._client.clear_caches()  # type: ignore[no-untyped-call]  # its own, which know no bound
            _remember(self._registered, key, number)
        return self._registered[key]

    def _fetch(self, schema_id: int) -> WriterSchema:
        from confluent_kafka.schema_registry import SchemaRegistryError

        try:
            schema: Schema = self._ask(f"get schema {schema_id}", lambda: self._client.get_schema(schema_id))
        except SchemaRegistryError as error:
            self._unknown = {key: until for key, until in self._unknown.items() if self._clock() < until}
            self._unknown[schema_id] = self._clock() + self._unknown_s
            raise self._unknown_error(schema_id) from error
        if schema.schema_type not in (None, "AVRO"):
            raise UnreadableError(DeadReason.SCHEMA_INVALID, f"schema {schema_id} is {schema.schema_type}, not Avro")
        return WriterSchema(schema.schema_str or "")

    def _ask(self, what: str, request: Callable[[], T]) -> T:
        """Do one request, again and again while that may help; lets through what is said of the schema."""
        from confluent_kafka.schema_registry import SchemaRegistryError
        from httpx2 import TransportError

        give_up = self._clock() + self._patience_s
        pause = FIRST_WAIT_S
        while True:
            problem: Exception
            try:
                return request()
            except SchemaRegistryError as error:
                if error.error_code == SCHEMA_NOT_FOUND or error.http_status_code in REFUSED:
                    raise
                problem, again = error, error.http_status_code in RETRIABLE
            except TransportError as error:
                problem, again = error, True
            except (ValueError, KeyError, TypeError) as error:  # an answer that is none: a proxy's page with status 200
                problem, again = error, False
            if not again or self._clock() + pause > give_up:
                raise SchemaSourceDownError(f"the schema registry {self._url} did not {what}: {problem}") from problem
            self._wait(pause)
            pause = min(2 * pause, LONGEST_WAIT_S)

    def _unknown_error(self, schema_id: int) -> UnreadableError:
        return UnreadableError(DeadReason.SCHEMA_UNKNOWN, f"schema {schema_id} is not in the registry {self._url}")


def _remember(known: dict[Key, T], key: Key, value: T) -> None:
    """Note one more; of too many, the one that has been known for longest goes."""
    if len(known) >= REMEMBERED:
        known.pop(next(iter(list(known))), None)  # another thread may be as far
    known[key] = value
