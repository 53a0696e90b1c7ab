"""Where writers' schemas are looked up, and derived ones registered (section ``[registry]``)."""

from __future__ import annotations

from pathlib import Path
from typing import Self
from urllib.parse import urlsplit

from pydantic import Field, field_validator, model_validator

from consumers.client_options import Options
from consumers.settings_section import Section


class RegistrySettings(Section):
    """Where writers' schemas are looked up, and derived ones registered."""

    #: A registry that speaks Confluent's interface.
    url: str | None = None
    #: Options of the registry's client, such as ``basic.auth.user.info`` or ``ssl.ca.location``.
    client: Options = Field(default_factory=dict)
    #: A folder of ``lsst.vM_m.alert.avsc`` files, id = 100 M + m; input is read with these instead of the registry's.
    schemas: Path | None = None
    #: Register derived schemas and write Confluent framing; by default where a registry is configured.
    output: bool | None = None

    @field_validator("url")
    @classmethod
    def _plain(cls, url: str | None) -> str | None:
        if url is None:
            return None
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError("is no address; write http(s)://host:port/path")
        if parts.username or parts.password:
            raise ValueError("holds a password, which would show in logs; use registry.client.'basic.auth.user.info'")
        return url

    @model_validator(mode="after")
    def _somewhere(self) -> Self:
        if self.output and self.url is None:
            raise ValueError("output = true needs a registry; set registry.url")
        return self

    def client_config(self) -> dict[str, str]:
        """Return the options of the registry's client, secrets in the clear."""
        return {key: value.get_secret_value() for key, value in self.client.items()}

    @property
    def registers(self) -> bool:
        """Whether outputs go through the registry."""
        return self.url is not None and self.output is not False
