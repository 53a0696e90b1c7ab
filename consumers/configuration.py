"""Loads the settings: a TOML file and the environment in, checked `Settings` out, or an error that names the key."""

from __future__ import annotations

import difflib
import os
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails
from pydantic_settings import SettingsError

from consumers.settings import ENV_DELIMITER, ENV_PREFIX, Settings
from schemas.errors import ConfigurationError


def load_settings(path: Path | None = None) -> Settings:
    """Read and check the whole configuration.

    Parameters
    ----------
    path : Path, optional
        The TOML file; without it there are only the environment and the defaults.

    Raises
    ------
    ConfigurationError
        The file cannot be read, or settings are wrong: one line for each, with the key and the mend,
        and never with a value, which could be a secret.
    """
    table = _read(path) if path is not None else {}
    _refuse_unknown_variables(os.environ)
    try:
        return Settings(**table)
    except ValidationError as error:
        lines = [_line(one) for one in error.errors(include_input=False, include_url=False)]
        raise ConfigurationError("\n".join(lines)) from None  # the cause holds the values
    except SettingsError as error:
        raise ConfigurationError(f"{error}; write the variable's value as JSON") from None


def _read(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigurationError(f"{path}: cannot be read ({error.strerror}); give --config an existing file") from None
    except UnicodeDecodeError:
        raise ConfigurationError(f"{path}: is not UTF-8; save it as UTF-8") from None
    except tomllib.TOMLDecodeError as error:
        raise ConfigurationError(f"{path}: is no TOML: {error}; mend that line") from None


def _refuse_unknown_variables(environ: Mapping[str, str]) -> None:
    """Refuse ``SOSIA_KAFAK__GROUP``, which pydantic-settings would pass over in silence.

    Variables without the double underscore are not settings, and none of our business.
    """
    for variable in environ:
        section, delimiter, _ = variable.upper().removeprefix(ENV_PREFIX).partition(ENV_DELIMITER)
        if variable.upper().startswith(ENV_PREFIX) and delimiter and section.lower() not in Settings.model_fields:
            raise ConfigurationError(
                f"{variable}: there is no section {section.lower()!r}"
                f"{_suggestion(section.lower(), Settings)}; correct or unset the variable"
            )


def _line(error: ErrorDetails) -> str:
    """One error: the key, its variable, what is wrong and how to mend it."""
    path = [str(part) for part in error["loc"]]
    message = error["msg"].removeprefix("Value error, ")
    if not path:  # of the whole configuration: the message names the key
        return message
    if error["type"] == "extra_forbidden":
        message = f"there is no such key{_suggestion(path[-1], _section(path[:-1]))}; correct or remove it"
    elif error["type"] == "missing":
        message = "is missing; add it"
    variable = ENV_PREFIX + ENV_DELIMITER.join(path[:2]).upper()
    return f"{'.'.join(path)}: {message}" + (f" (in the environment: {variable})" if len(path) > 1 else "")


def _section(path: list[str]) -> type[BaseModel] | None:
    """Find the model of a section; None within lists."""
    model: type[BaseModel] = Settings
    for part in path:
        field = model.model_fields.get(part)
        if field is None or not isinstance(field.annotation, type) or not issubclass(field.annotation, BaseModel):
            return None
        model = field.annotation
    return model


def _suggestion(key: str, model: type[BaseModel] | None) -> str:
    if model is None:
        return ""
    close = difflib.get_close_matches(key, model.model_fields, n=1)
    return f"; did you mean {close[0]!r}?" if close else f"; there are {', '.join(sorted(model.model_fields))}"
