"""Where the earlier epochs of objects are kept (section ``[history]``)."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

from pydantic import Field, SecretStr, field_validator, model_validator

from consumers.client_options import read_secret
from consumers.settings_section import Section


class HistorySettings(Section):
    """Where the earlier epochs of objects are kept; `sosia annotate` keeps its own, for the call."""

    #: ``sqlite:PATH`` for the workers of one machine, ``redis://host:port/db`` for those of many; without it none.
    url: Annotated[str, Field(pattern=r"^(sqlite:.|rediss?://.)")] | None = None
    username: str | None = None
    password: SecretStr | None = None
    #: A file that holds it.
    password_file: Path | None = None
    #: Epochs kept of an object in a band: the newest.
    epochs: int = Field(default=64, ge=1, le=4096)
    #: An object of which no epoch came for so long is forgotten [d]; by default never.
    expiry_days: float | None = Field(default=None, gt=0, le=36_525)

    @field_validator("url")
    @classmethod
    def _no_secret(cls, url: str | None) -> str | None:
        if url is not None and not url.startswith("sqlite:") and "@" in url:
            raise ValueError("holds a password, which would show in logs; use history.username and history.password")
        return url

    @model_validator(mode="before")
    @classmethod
    def _from_file(cls, table: object) -> object:
        if isinstance(table, Mapping) and table.get("password_file"):
            return {**table, "password": read_secret("password_file", Path(str(table["password_file"])))}
        return table

    @property
    def expiry_s(self) -> float | None:
        """The same in seconds."""
        return None if self.expiry_days is None else self.expiry_days * 86_400.0
