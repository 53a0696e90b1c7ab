from __future__ import annotations

import logging
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog

from consumers.configuration import load_settings
from consumers.settings import Settings
from tests.consumers.settings_text import Load


@pytest.fixture(autouse=True)
def logs() -> Iterator[None]:
    """Whatever a command does to the logs, they are as before."""
    root = logging.getLogger()
    handlers, level = root.handlers, root.level
    yield
    root.handlers, root.level = handlers, level
    structlog.reset_defaults()


@pytest.fixture
def load(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Load:
    """Reads settings from a text, with nothing else in the environment."""
    for variable in [name for name in os.environ if name.startswith("SOSIA_")]:
        monkeypatch.delenv(variable)

    def load_text(text: str) -> Settings:
        path = tmp_path / "sosia.toml"
        path.write_text(text, encoding="utf-8")
        return load_settings(path)

    return load_text
