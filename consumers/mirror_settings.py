"""What is brought in from a foreign cluster (section ``[mirror]``)."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, SecretStr, ValidationError, field_validator

from consumers.client_options import ADDRESSES, Options, refuse_owned, refuse_unknown
from consumers.input_settings import SurveyInput
from consumers.settings_section import Section
from schemas.errors import ConfigurationError


class MirrorSettings(Section):
    """One source; where there are several, each has a `sosia mirror` and a file of its own."""

    #: Stable over restarts: the transactional id, by which a mirror takes over from, and fences, its earlier self.
    name: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$")] = "source"
    #: Addresses of the foreign cluster, ``host:port,host:port``.
    source: Annotated[str, Field(min_length=1)] | None = None
    #: librdkafka options of the client of that cluster: its security above all.
    client: Options = Field(default_factory=dict)
    #: Topics by name, and patterns with their days, as in ``input.surveys``; topics keep their names.
    topics: tuple[str, ...] = ()
    patterns: tuple[str, ...] = ()
    days: int = Field(default=7, ge=1, le=366)

    @field_validator("client")
    @classmethod
    def _not_ours(cls, options: dict[str, SecretStr]) -> dict[str, SecretStr]:
        refuse_owned(options)
        if options:
            refuse_unknown(options)
        for key in ADDRESSES:
            if key in options:
                raise ValueError(f"{key} cannot be set here: use mirror.source; remove it")
        return options

    def inputs(self) -> SurveyInput:
        """Return what to bring in.

        Raises
        ------
        ConfigurationError
            Neither topics nor patterns are given, or one of them is none.
        """
        try:
            return SurveyInput(survey="mirror", topics=self.topics, patterns=self.patterns, days=self.days)
        except ValidationError as error:
            (first, *_) = error.errors(include_input=False, include_url=False)
            key = ".".join(("mirror", *map(str, first["loc"])))
            raise ConfigurationError(f"{key}: {first['msg'].removeprefix('Value error, ')}") from None

    def client_config(self) -> dict[str, str]:
        """Return the options of the foreign cluster's client, secrets in the clear."""
        options = {key: value.get_secret_value() for key, value in self.client.items()}
        return {**options, "bootstrap.servers": self.source or ""}
