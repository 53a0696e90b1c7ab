from __future__ import annotations

import os
from pathlib import Path

import pytest

from consumers.configuration import load_settings
from consumers.settings import Settings
from tests.consumers.settings_text import Load


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
